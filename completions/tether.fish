# fish completion for tether(1)

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
                contains -- $word $__tether_valued; and set -e words[1]
            case '-?*'
                set -l letters $__tether_valued_letters
                string match -qr -- "^-[^$letters]*[$letters]\$" $word; and set -e words[1]
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
    # Attached: fish takes a word of its own for an option of complete's, if it begins with a hyphen.
    complete --do-complete=(string join ' ' -- (string escape -- $words) $current)
end

# The value that is being typed, without the option that it is attached to.
function __tether_value
    set -l letters $__tether_valued_letters
    commandline -ct | string replace -r -- "^(--[^=]*=|-[^-$letters]*[$letters])" ''
end

function __tether_directory
    __fish_complete_directories (__tether_value)
end

# Units for the number that is typed, or a few that are common.
function __tether_duration
    set -l number (__tether_value)
    if string match -qr '^[0-9]*\.?[0-9]+$' -- $number
        printf '%s\n' $number{ms,s,m,h,d}
    else
        printf '%s\n' 1s 5s 30s 1m 10m 1h inf
    end
end

function __tether_pid
    __fish_complete_pids
end

function __tether_command_line
    __fish_complete_command
end

function __tether_variable
    set -nx
end

function __tether_assignment
    printf '%s=\n' (set -nx)
end

function __tether_descriptor
    for number in 0 1 2 3 4 5 6 7 8 9
        test -e /proc/$fish_pid/fd/$number; and echo $number
    end
end

# Signals without SIG, unless that is typed.
function __tether_signal
    set -l names (command kill -l | string match -ar '[A-Z][A-Z0-9+-]*' | string replace -r '^SIG' '')
    string match -q -- '*SIG*' (commandline -ct); and set names SIG$names
    printf '%s\n' $names
end

# FROM:TO, the one after the other. KILL and STOP cannot be caught; 0 drops the signal.
function __tether_signals
    set -l from (commandline -ct | string match -r '[^=:]*:')
    set -l names (__tether_signal)
    if set -q from[1]
        printf '%s\n' $from$names {$from}0
    else
        printf '%s:\n' (string match -vr '^(SIG)?(KILL|STOP)$' -- $names)
    end
end

complete -c tether -f
complete -c tether -n __tether_has_command -a '(__tether_complete_command)'

# begin of what completions/update makes
# Those that take a value: the next word, unless it is attached.
set -g __tether_valued --die-with-pid --die-on-eof --timeout --signal --kill-after --success-status --cgroup --pidfd-fd --become --rewrite --stdin --stdout --stderr --log --chdir --umask --env --unset-env --keep-fd --pidfile --notify --ready-timeout --block-fd --status-fd --status-file
set -g __tether_valued_letters tskC
complete -c tether -n __tether_options -s w -l wait -d 'wait, and exit with COMMAND\'s status (default)'
complete -c tether -n __tether_options -s d -s f -l detach -l fork -d 'run COMMAND as a daemon'
complete -c tether -n __tether_options -l exec -d 'become COMMAND: same pid, no child'
complete -c tether -n __tether_options -l autoreap -d 'COMMAND never becomes a zombie'
complete -c tether -n __tether_options -l autokill -d 'SIGKILL COMMAND if tether (-d: keeper) dies'
complete -c tether -n __tether_options -l die-with-parent -d 'end COMMAND when tether\'s parent dies'
complete -c tether -n __tether_options -l die-with-pid -x -a '(__tether_pid)' -d 'end COMMAND when that process dies'
complete -c tether -n __tether_options -l die-on-eof -x -a '(__tether_descriptor)' -d 'end COMMAND when FD is at end of file'
complete -c tether -n __tether_options -s t -l timeout -x -a '(__tether_duration)' -d 'end COMMAND after that time; exit status 124'
complete -c tether -n __tether_options -l preserve-status -d 'after a timeout, exit with COMMAND\'s status'
complete -c tether -n __tether_options -s s -l signal -x -a '(__tether_signal)' -d 'first signal to end COMMAND (default TERM)'
complete -c tether -n __tether_options -s k -l kill-after -x -a '(__tether_duration)' -d 'time before SIGKILL (default 5s; 0, inf: never)'
complete -c tether -n __tether_options -l success-status -x -d 'exit 0 if COMMAND\'s status is N'
complete -c tether -n __tether_options -l tree -d 'end all descendants together with COMMAND'
complete -c tether -n __tether_options -l pid-namespace -d '--tree by a PID namespace: the kernel ends all'
complete -c tether -n __tether_options -l cgroup -x -a '(__tether_directory)' -d 'start COMMAND in that cgroup v2 directory'
complete -c tether -n __tether_options -l strict -d 'fail rather than emulate a guarantee'
complete -c tether -n __tether_options -l pidfd-fd -x -a '(__tether_descriptor)' -d 'send COMMAND\'s pidfd over socket N, then exit'
complete -c tether -n __tether_options -l become -x -a '(__tether_command_line)' -d 'become a shell that runs CMD; the pidfd is at N'
complete -c tether -n __tether_options -l nnp -l no-new-privs -d 'no_new_privs for COMMAND'
complete -c tether -n __tether_options -l setsid -d 'new session and process group'
complete -c tether -n __tether_options -l setpgid -d 'new process group, which gets the signals'
complete -c tether -n __tether_options -s c -l ctty -d 'new session on standard input\'s terminal'
complete -c tether -n __tether_options -l nohup -d 'ignore SIGHUP, replace terminals like nohup(1)'
complete -c tether -n __tether_options -l reset-signals -d 'default dispositions, no signal blocked'
complete -c tether -n __tether_options -l rewrite -x -a '(__tether_signals)' -d 'pass FROM on as TO (0: drop it)'
complete -c tether -n __tether_options -l stdin -r -F -d 'read standard input from FILE'
complete -c tether -n __tether_options -l stdout -r -F -d 'append standard output to FILE'
complete -c tether -n __tether_options -l stderr -r -F -d 'append standard error to FILE'
complete -c tether -n __tether_options -l log -r -F -d 'append standard output and error to FILE'
complete -c tether -n __tether_options -l truncate -d 'empty the output files first'
complete -c tether -n __tether_options -s C -l chdir -x -a '(__tether_directory)' -d 'change directory before looking COMMAND up'
complete -c tether -n __tether_options -l umask -x -d 'set the file mode creation mask (octal)'
complete -c tether -n __tether_options -l env -x -a '(__tether_assignment)' -d 'set an environment variable'
complete -c tether -n __tether_options -l unset-env -x -a '(__tether_variable)' -d 'remove an environment variable'
complete -c tether -n __tether_options -l clear-env -d 'start from an empty environment'
complete -c tether -n __tether_options -l close-fds -d 'close every descriptor above 2'
complete -c tether -n __tether_options -l keep-fd -x -a '(__tether_descriptor)' -d 'leave descriptor N open'
complete -c tether -n __tether_options -l pidfile -r -F -d 'write COMMAND\'s pid to FILE; one at a time'
complete -c tether -n __tether_options -l stop -d 'end the process in --pidfile, wait for its end'
complete -c tether -n __tether_options -l notify -x -a 'fd: socket' -d 'how COMMAND reports that it is ready'
complete -c tether -n __tether_options -l ready-timeout -x -a '(__tether_duration)' -d 'end COMMAND if it is not ready by then'
complete -c tether -n __tether_options -l block-fd -x -a '(__tether_descriptor)' -d 'execute COMMAND only when N is readable'
complete -c tether -n __tether_options -l json -d 'write JSON records to standard output'
complete -c tether -n __tether_options -l status-fd -x -a '(__tether_descriptor)' -d 'write JSON records to descriptor N'
complete -c tether -n __tether_options -l status-file -r -F -d 'write JSON records to FILE, atomically'
complete -c tether -n __tether_options -l print-pid -d 'write COMMAND\'s pid to standard output'
complete -c tether -n __tether_options -l dry-run -d 'show what would be done, run nothing'
complete -c tether -n __tether_options -l features -d 'show what this kernel and sandbox support'
complete -c tether -n __tether_options -s v -l verbose -d 'report more on standard error'
complete -c tether -n __tether_options -s q -l quiet -d 'print only errors'
complete -c tether -n __tether_options -s h -l help -d 'this text'
complete -c tether -n __tether_options -s V -l version -d 'the version'
# end of what completions/update makes
