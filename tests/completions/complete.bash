# complete.bash [bash-completion] - what bash offers at the end of each line of standard input: a
# candidate a line, and then a line with a dot.
#
# The function that `complete` knows for tether is called as readline does. TETHER_COMPLETIONS is
# the folder of the completion; the argument loads the package bash-completion first.
if [[ -n ${1-} ]]; then
    source "$1" || exit 2
fi
source "$TETHER_COMPLETIONS/tether.bash"
complete -W 'alpha beta' peer

# Only readline may be told by a completion that runs.
compopt()
{
    [[ $* != *filenames* ]] || names=yes
    [[ $* != *nospace* ]] || blank=
}
# What readline would put on the line: names of files and a blank are its work.
put()
{
    local candidate
    ((${#COMPREPLY[@]} == 1)) || blank=
    for candidate in "${COMPREPLY[@]}"; do
        if [[ -n $names && -d $candidate ]]; then
            printf '%s/\n' "${candidate%/}"
        else
            printf '%s%s\n' "$candidate" "$blank"
        fi
    done
}

specification=$(complete -p tether) || exit 2
[[ $specification =~ -F\ ([^ ]+) ]] || exit 2
function=${BASH_REMATCH[1]}

# Cut at blanks, where a word is over, and at the characters that are words of their own.
cut_into_words()
{
    local line=$1 word='' begun='' c i
    COMP_WORDS=()
    for ((i = 0; i < ${#line}; i++)); do
        c=${line:i:1}
        case $c in
            ' ' | [=:])
                [[ -z $begun ]] || COMP_WORDS+=("$word")
                word='' begun=''
                [[ $c == ' ' ]] || COMP_WORDS+=("$c")
                ;;
            *) word+=$c begun=yes ;;
        esac
    done
    # The cursor is in a word, perhaps an empty one; but an = or : at the end is that word.
    [[ -z $begun && ${line: -1} == [=:] ]] || COMP_WORDS+=("$word")
}

while IFS= read -r line; do
    cut_into_words "$line"
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) COMP_LINE=$line COMP_POINT=${#line} COMP_TYPE=9 COMP_KEY=9
    names='' blank=' '
    "$function" tether "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}" </dev/null
    put
    printf '.\n'
done
