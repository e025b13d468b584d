# bash completion for tether(1)                            -*- shell-script -*-

# File names, or with -d directories, that begin with $1.
_tether_files()
{
    if declare -F _comp_compgen >/dev/null; then
        _comp_compgen -c "$1" filedir "${@:2}"
    elif declare -F _filedir >/dev/null; then
        # shellcheck disable=SC2034
        local cur=$1 # for _filedir
        _filedir "${@:2}"
    else
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen "${2-"-f"}" -- "$1")
    fi
}

# The shell's open descriptors. 255 is bash's own and is not inherited.
_tether_descriptors()
{
    local path numbers=
    for path in /proc/"$$"/fd/*; do
        [[ ${path##*/} == @(255|\*) ]] || numbers+=" ${path##*/}"
    done
    mapfile -t COMPREPLY < <(compgen -W "$numbers" -- "$1")
}

# Signals without SIG, unless that is typed. Some of bash's names are only placeholders.
_tether_signals()
{
    local names
    mapfile -t names < <(compgen -A signal -X '!SIG*')
    names=("${names[@]/#*JUNK*}")
    [[ $1 == SIG* ]] || names=("${names[@]#SIG}")
    mapfile -t COMPREPLY < <(compgen -W "${names[*]}" -- "$1")
}

# FROM:TO, the one after the other. KILL and STOP cannot be caught; 0 drops the signal.
_tether_rewrites()
{
    local name
    local -a pairs=()
    _tether_signals "${1#*:}"
    if [[ $1 == *:* ]]; then
        [[ ${1#*:} != ?(0) ]] || COMPREPLY+=(0)
        pairs=("${COMPREPLY[@]/#/${1%%:*}:}")
    else
        for name in "${COMPREPLY[@]}"; do
            [[ ${name#SIG} == @(KILL|STOP) ]] || pairs+=("$name:")
        done
    fi
    COMPREPLY=("${pairs[@]}")
}

# Lengths of time: units for the number that is typed, or a few that are common.
_tether_durations()
{
    local words="1s 5s 30s 1m 10m 1h inf"
    [[ ! $1 =~ ^[0-9]*\.?[0-9]+$ ]] || words="$1ms $1s $1m $1h $1d"
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$1")
}

# COMMAND begins at the word COMP_WORDS[$1]: what follows is its to complete.
_tether_command()
{
    if declare -F _comp_command_offset >/dev/null; then
        _comp_command_offset "$1"
    elif declare -F _command_offset >/dev/null; then
        _command_offset "$1"
    elif (($1 == COMP_CWORD)); then
        mapfile -t COMPREPLY < <(compgen -c -- "${COMP_WORDS[COMP_CWORD]}")
    else
        compopt -o default
    fi
}

# What the value $2 of the option $1 can become.
_tether_value()
{
    local value=$2 choices=""
    _tether_kind "$1"
    case $kind in
        directory) _tether_files "$value" -d ;;
        file) _tether_files "$value" ;;
        descriptor) _tether_descriptors "$value" ;;
        signal) _tether_signals "$value" ;;
        duration) _tether_durations "$value" ;;
        command) mapfile -t COMPREPLY < <(compgen -c -- "$value") ;;
        signals)
            _tether_rewrites "$value"
            [[ ${COMPREPLY[*]-} != *: ]] || compopt -o nospace
            ;;
        pid)
            mapfile -t COMPREPLY < <(compgen -W "$(cd /proc && printf '%s ' [0-9]*)" -- "$value")
            ;;
        choice)
            mapfile -t COMPREPLY < <(compgen -W "$choices" -- "$value")
            [[ ${COMPREPLY[*]-} != *: ]] || compopt -o nospace
            ;;
        variable) mapfile -t COMPREPLY < <(compgen -e -- "$value") ;;
        assignment)
            compopt -o nospace
            [[ $value == *=* ]] || mapfile -t COMPREPLY < <(compgen -e -S = -- "$value")
            ;;
    esac
}

# Puts $1 in front of the values. What readline sees then is no name of a directory any more, so that
# the slash has to be ours.
_tether_attach()
{
    local i
    for i in "${!COMPREPLY[@]}"; do
        [[ $kind != @(file|directory) || ! -d ${COMPREPLY[i]} ]] || COMPREPLY[i]=${COMPREPLY[i]%/}/
    done
    COMPREPLY=("${COMPREPLY[@]/#/$1}")
    [[ ${COMPREPLY[*]-} != */ ]] || compopt -o nospace
}

# begin of what completions/update makes
# With an = at the end: takes a value.
_tether_options()
{
    options=(
        -w --wait
        -d -f --detach --fork
        --exec
        --autoreap
        --autokill
        --die-with-parent
        --die-with-pid=
        --die-on-eof=
        -t= --timeout=
        --preserve-status
        -s= --signal=
        -k= --kill-after=
        --success-status=
        --tree
        --pid-namespace
        --cgroup=
        --strict
        --pidfd-fd=
        --become=
        --nnp --no-new-privs
        --setsid
        --setpgid
        -c --ctty
        --nohup
        --reset-signals
        --rewrite=
        --stdin=
        --stdout=
        --stderr=
        --log=
        --truncate
        -C= --chdir=
        --umask=
        --env=
        --unset-env=
        --clear-env
        --close-fds
        --keep-fd=
        --pidfile=
        --stop
        --notify=
        --ready-timeout=
        --block-fd=
        --json
        --status-fd=
        --status-file=
        --print-pid
        --dry-run
        --features
        -v --verbose
        -q --quiet
        -h --help
        -V --version
    )
}

# What there is for the value of the option $1.
_tether_kind()
{
    case $1 in
        --stdin | --stdout | --stderr | --log | --pidfile | --status-file) kind=file ;;
        --cgroup | -C | --chdir) kind=directory ;;
        -s | --signal) kind=signal ;;
        -t | --timeout | -k | --kill-after | --ready-timeout) kind=duration ;;
        --rewrite) kind=signals ;;
        --die-on-eof | --pidfd-fd | --keep-fd | --block-fd | --status-fd) kind=descriptor ;;
        --die-with-pid) kind=pid ;;
        --unset-env) kind=variable ;;
        --env) kind=assignment ;;
        --umask) kind=mode ;;
        --become) kind=command ;;
        --notify) kind=choice choices="fd: socket" ;;
        --success-status) kind=number ;;
        *) kind= ;;
    esac
}
# end of what completions/update makes

_tether()
{
    local -a options
    _tether_options
    local all=" ${options[*]} "
    COMPREPLY=()

    # The words as they were typed: COMP_WORDS has them in pieces, cut at = and :.
    local line=${COMP_LINE:0:COMP_POINT} piece
    local -a words=() starts=()
    local i
    for ((i = 0; i <= COMP_CWORD; i++)); do
        piece=${COMP_WORDS[i]}
        if ((i == 0)) || [[ $line == [[:blank:]]* || -z $line ]]; then
            words+=("") starts+=("$i")
            line=${line#"${line%%[![:blank:]]*}"}
        fi
        # Up to the cursor only.
        ((i < COMP_CWORD)) || piece=$line
        words[${#words[@]} - 1]+=$piece
        line=${line#"$piece"}
    done

    # Past tether's own options. Ends at the word to complete, or at COMMAND.
    local last=$((${#words[@]} - 1)) name="" word j
    for ((i = 1; i < last; i++)); do
        word=${words[i]}
        case $word in
            --)
                _tether_command "${starts[i + 1]}"
                return
                ;;
            --*=*) ;;
            --*) [[ $all != *" $word= "* ]] || name=$word ;;
            -?*)
                for ((j = 1; j < ${#word}; j++)); do
                    [[ $all == *" -${word:j:1}= "* ]] || continue
                    ((j + 1 < ${#word})) || name=-${word:j:1}
                    break
                done
                ;;
            *)
                _tether_command "${starts[i]}"
                return
                ;;
        esac
        [[ -z $name ]] || ((++i == last)) || name=
    done

    # An option's value, after an = or a letter or as a word of its own.
    local full=${words[last]} value=${words[last]}
    if [[ -z $name && $full == --*=* ]]; then
        name=${full%%=*} value=${full#*=}
    elif [[ -z $name && $full == -[!-]* ]]; then
        for ((j = 1; j + 1 < ${#full}; j++)); do
            [[ $all == *" -${full:j:1}= "* ]] || continue
            name=-${full:j:1} value=${full:j+1}
            break
        done
    fi
    if [[ -z $name ]]; then
        if [[ $full == -* ]]; then
            for i in "${!options[@]}"; do
                [[ ${options[i]} != -?= ]] || options[i]=${options[i]%=}
            done
            mapfile -t COMPREPLY < <(compgen -W "${options[*]}" -- "$full")
            [[ ${COMPREPLY[*]-} != *= ]] || compopt -o nospace
        else
            _tether_command "${starts[last]}"
        fi
        return
    fi
    local kind=""
    _tether_value "$name" "$value"

    # Readline replaces its own idea of the word, which may begin later than the value, or earlier.
    local part=${2-}
    [[ $part != [=:] ]] || part=
    if ((${#part} > ${#value})); then
        _tether_attach "${full%"$value"}"
    elif [[ $value == *:* && -n ${COMPREPLY[*]-} ]]; then
        COMPREPLY=("${COMPREPLY[@]#"${value%"$part"}"}")
    fi
} &&
    complete -F _tether tether
