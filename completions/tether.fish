# fish completion for tether(1)

# Options that take a value: the next word, unless it is attached.
set -g __tether_valued -s -k -t -C --die-with-pid= --die-on-eof= --timeout= --signal= --kill-after= --success-status= --stdin= --stdout= --stderr= \
    --rewrite= --log= --chdir= --cgroup= --umask= --env= --unset-env= --keep-fd= --pidfile= --notify= --ready-timeout= \
    --block-fd= --status-fd= --status-file=

# COMMAND and its arguments as far as they are typed, a word a line. Fails if that has not begun.
function __tether_command
    set -l words (commandline -opc)
    set -e words[1]
    while set -q words[1]
        set -l word $words[1]
        switch $word
            case --
                set -e words[1]
                printf '%s\n' $words (commandline -ct)
                return 0
            case '--*=*'
            case '--*'
                contains -- $word= $__tether_valued; and set -e words[1]
            case '-?*'
                string match -qr -- '^-[^sktC]*[sktC]$' $word; and set -e words[1]
            case '*'
                printf '%s\n' $words (commandline -ct)
                return 0
        end
        # A value that is still to come.
        set -q words[1]; or return 1
        set -e words[1]
    end
    string match -q -- '-*' (commandline -ct); and return 1
    printf '%s\n' (commandline -ct)
end

function __tether_has_command
    __tether_command >/dev/null
end

function __tether_options
    not __tether_has_command
end

function __tether_complete_command
    set -l words (__tether_command)
    set -l current $words[-1]
    set -e words[-1]
    complete -C (string join ' ' -- (string escape -- $words) $current)
end

function __tether_directories
    __fish_complete_directories (commandline -ct | string replace -r '^--[^=]*=' '')
end

function __tether_descriptors
    for number in 0 1 2 3 4 5 6 7 8 9
        test -e /proc/$fish_pid/fd/$number; and echo $number
    end
end

# Signals without SIG, unless that is typed.
function __tether_signals
    set -l names (command kill -l | string match -ar '[A-Z][A-Z0-9+-]*' | string replace -r '^SIG' '')
    string match -q -- '*SIG*' (commandline -ct); and set names SIG$names
    printf '%s\n' $names
end

# FROM:TO, the one after the other.
function __tether_rewrites
    set -l from (commandline -ct | string match -r '[^=:]*:')
    set -l names (__tether_signals)
    if set -q from[1]
        printf '%s\n' $from$names {$from}0
    else
        printf '%s:\n' $names
    end
end

complete -c tether -f
complete -c tether -n __tether_has_command -a '(__tether_complete_command)'

complete -c tether -n __tether_options -s w -l wait -d 'Stay, pass signals on, exit as COMMAND does'
complete -c tether -n __tether_options -s d -l detach -d 'Return once it runs; it lives on in its own session'
complete -c tether -n __tether_options -s f -l fork -d 'Return once it runs; it lives on in its own session'
complete -c tether -n __tether_options -l exec -d 'Become COMMAND: same pid, no child'

complete -c tether -n __tether_options -l autoreap -d 'Never a zombie, whoever its parent is by then'
complete -c tether -n __tether_options -l autokill -d 'SIGKILL it when the holder of its pidfd is gone'
complete -c tether -n __tether_options -l die-with-parent -d 'End it when the parent of tether dies'
complete -c tether -n __tether_options -l die-with-pid -x -a '(__fish_complete_pids)' -d 'End it when that process dies'
complete -c tether -n __tether_options -l die-on-eof -x -d 'End it when this is at its end'
complete -c tether -n __tether_options -s t -l timeout -x -a '1s 5s 30s 1m inf' -d 'End it after that time'
complete -c tether -n __tether_options -l preserve-status -d 'After a timeout, its own status'
complete -c tether -n __tether_options -s s -l signal -x -a '(__tether_signals)' -d 'The first signal of an ending'
complete -c tether -n __tether_options -s k -l kill-after -x -a '1s 5s 30s 1m inf' -d 'SIGKILL that much later'
complete -c tether -n __tether_options -l success-status -x -d 'Exit 0 when the status of COMMAND is this'
complete -c tether -n __tether_options -l tree -d 'Whatever ends it ends all that it has started'
complete -c tether -n __tether_options -l pid-namespace -d '--tree in a PID namespace: the kernel ends it'
complete -c tether -n __tether_options -l cgroup -x -a '(__tether_directories)' -d 'Start it in that cgroup v2 directory'
complete -c tether -n __tether_options -l strict -d 'Fail rather than emulate a guarantee'

complete -c tether -n __tether_options -l nnp -d 'no_new_privs for the child'
complete -c tether -n __tether_options -l no-new-privs -d 'no_new_privs for the child'

complete -c tether -n __tether_options -l setsid -d 'A new session, and a process group of its own'
complete -c tether -n __tether_options -l setpgid -d 'A new process group; signals go to all of it'
complete -c tether -n __tether_options -s c -l ctty -d 'A new session on the terminal of standard input'
complete -c tether -n __tether_options -l nohup -d 'Outlive a hangup, by the rules of nohup'
complete -c tether -n __tether_options -l reset-signals -d 'All dispositions default, nothing blocked'
complete -c tether -n __tether_options -l rewrite -x -a '(__tether_rewrites)' -d 'Pass a signal on as another one'

complete -c tether -n __tether_options -l stdin -r -F -d 'Read standard input from a file'
complete -c tether -n __tether_options -l stdout -r -F -d 'Append standard output to a file'
complete -c tether -n __tether_options -l stderr -r -F -d 'Append standard error to a file'
complete -c tether -n __tether_options -l log -r -F -d 'Append both to a file'
complete -c tether -n __tether_options -l truncate -d 'Empty the output files first'
complete -c tether -n __tether_options -s C -l chdir -x -a '(__tether_directories)' -d 'Change directory before looking COMMAND up'
complete -c tether -n __tether_options -l umask -x -d 'Set the file mode creation mask (octal)'
complete -c tether -n __tether_options -l env -x -a '(set -nx)=' -d 'Set an environment variable'
complete -c tether -n __tether_options -l unset-env -x -a '(set -nx)' -d 'Remove an environment variable'
complete -c tether -n __tether_options -l clear-env -d 'Start from an empty environment'
complete -c tether -n __tether_options -l close-fds -d 'Close every descriptor above 2'
complete -c tether -n __tether_options -l keep-fd -x -a '(__tether_descriptors)' -d 'But not this one'
complete -c tether -n __tether_options -l pidfile -r -F -d 'A file that holds its pid; one at a time'
complete -c tether -n __tether_options -l stop -d 'End what --pidfile names, and wait until it is gone'

complete -c tether -n __tether_options -l notify -x -a 'fd: socket' -d 'It says when it is ready'
complete -c tether -n __tether_options -l ready-timeout -x -a '1s 5s 30s 1m inf' -d 'End it if it is not ready by then'
complete -c tether -n __tether_options -l block-fd -x -a '(__tether_descriptors)' -d 'Hold the exec until this is readable'

complete -c tether -n __tether_options -l json -d 'Records on standard output, one a line'
complete -c tether -n __tether_options -l status-fd -x -a '(__tether_descriptors)' -d 'Records to a descriptor'
complete -c tether -n __tether_options -l status-file -r -F -d 'Records to a file'
complete -c tether -n __tether_options -l print-pid -d 'The pid of the child on standard output'
complete -c tether -n __tether_options -l dry-run -d 'Say what would be done, and by what means'
complete -c tether -n __tether_options -l features -d 'Say what this kernel and this sandbox can do'
complete -c tether -n __tether_options -s v -l verbose -d 'Say more on standard error'
complete -c tether -n __tether_options -s q -l quiet -d 'Say nothing but errors'
complete -c tether -n __tether_options -s h -l help -d 'Show a summary of the options'
complete -c tether -n __tether_options -s V -l version -d 'Show the version'
