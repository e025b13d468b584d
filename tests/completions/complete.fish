# complete.fish - what fish offers at the end of each line of standard input: a candidate, a tab and
# its description a line, and then a line with a dot. TETHER_COMPLETIONS is the folder of the
# completion.
source $TETHER_COMPLETIONS/tether.fish
complete -c peer -f -a 'alpha beta'
while read -l line
    complete -C $line </dev/null
    echo .
end
