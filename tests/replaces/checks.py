"""What may differ between the two sides of a row, and which words of README.md tell of it."""
import collections

from observations import (first_process, in_background, in_namespace, starter, stopper, with_parent,
                          with_time, wrapper)

# The tools, in the versions that have the differences below.
VERSIONS = {"setsid": "2.38.1", "nohup": "9.1", "timeout": "9.1", "setpriv": "2.38.1", "daemonize": "1.7.8",
            "start-stop-daemon": "1.21.22", "tini": "0.19.0", "dumb-init": "1.2.5", "unshare": "2.38.1",
            "bwrap": "0.8.0"}
# Each row's kind, and {what is observed: (old, new, words of the column DIFFERENCES)}.
Check = collections.namedtuple("Check", "kind differences")
NOT_FOUND = "CMD does not exist: status"
NOTICE = "a notice of /dev/null"
CHECKS = {
    "setsid -f CMD": Check(starter, {
        NOT_FOUND: ("0", "127", "exit status 127 if CMD does not exist"),
        "descriptor 7": ("open", "closed", "descriptors above 2 are closed"),
        "descriptors 0 to 2": ("pipe pipe pipe", "/dev/null /dev/null /dev/null", "becomes /dev/null"),
        "output of CMD and of the tool": ("out", "", "becomes /dev/null"),
        "error output of CMD and of the tool": ("err", NOTICE, "becomes /dev/null"),
    }),
    "setsid -w CMD": Check(wrapper, {
        "CMD dies of SIGTERM: status": ("15", "143", "128+n, not n, if signal n killed CMD"),
        "CMD dies of SIGTERM: error output": ("setsid: child N did not exit normally: Success", "", "128+n"),
        "CMD dies of SIGKILL: status": ("9", "137", "128+n, not n, if signal n killed CMD"),
        "CMD dies of SIGKILL: error output": ("setsid: child N did not exit normally: Success", "", "128+n"),
        "SIGTERM to the tool: live on": ("CMD group session", "session", "signals reach CMD and its process group"),
    }),
    "nohup CMD": Check(wrapper, {}),
    "nohup CMD >LOG 2>&1 &": Check(in_background, {
        NOT_FOUND: ("0", "127", "exit status 127 if CMD does not exist"),
        "process group": ("the caller's", "a new one", "a session of its own"),
        "session": ("the caller's", "a new one", "a session of its own"),
        "ignored signals": ("HUP INT QUIT", "none", "ignores no signal"),
        "descriptor 7": ("open", "closed", "descriptors above 2 are closed"),
        "error output of CMD and of the tool":
            ("", NOTICE, "says that standard input is /dev/null"),
        "the caller knows the process ID": ("yes", "yes", "`--print-pid`"),
    }),
    "daemonize -c DIR -p PIDFILE -l PIDFILE CMD": Check(starter, {
        NOT_FOUND: ("1", "127", "exit status 127 if CMD does not exist"),
        "a second start: status": ("1", "125", "a second start exits 125"),
        "descriptor 7": ("open", "closed", "descriptors above 2 are closed"),
        "error output of CMD and of the tool": ("", NOTICE, "says that 0 to 2 are /dev/null"),
    }),
    "start-stop-daemon --start --background --make-pidfile --pidfile PIDFILE --exec CMD": Check(starter, {
        NOT_FOUND: ("2", "127", "exit status 127 if CMD does not exist"),
        "a second start: status": ("0", "125", "a second start exits 125, also if CMD is a script"),
        "error output of CMD and of the tool": ("", NOTICE, "says that 0 to 2 are /dev/null"),
    }),
    "start-stop-daemon --stop --pidfile PIDFILE --retry 5": Check(stopper, {
        "stop: PIDFILE": ("left", "removed", "PIDFILE is removed"),
        "stop, SIGTERM is ignored: PIDFILE": ("left", "removed", "PIDFILE is removed"),
        "PIDFILE names another process: status":
            ("0", "1", "a process that PIDFILE was not written for is never signalled"),
        "PIDFILE names another process: it lives on":
            ("False", "True", "a process that PIDFILE was not written for is never signalled"),
    }),
    "timeout -k 5 10m CMD": Check(with_time, {
        "SIGKILL to the tool: live on": ("CMD group session", "group session", "CMD ends if tether is killed"),
        "process group": ("the caller's", "a new one", "a process group of its own"),
        "the time is up, SIGTERM is ignored: status": ("137", "124", "124, not 137, if SIGKILL was needed"),
    }),
    "setpriv --pdeathsig TERM CMD": Check(with_parent, {
        "process of CMD": ("the tool's", "a new one", "tether stays as the parent of CMD"),
        "SIGKILL to the tool's parent, SIGTERM is ignored: live on":
            ("CMD group session", "group session", "SIGKILL follows 5 s later"),
    }),
    "setpriv --no-new-privs CMD": Check(wrapper, {}),
    "tini -- CMD": Check(first_process, {
        "process group": ("a new one", "the caller's", "CMD stays in the process group of tether"),
    }),
    "dumb-init -c CMD": Check(first_process, {
        NOT_FOUND: ("2", "127", "exit status 127 if CMD does not exist"),
    }),
    "tini -g -- CMD": Check(first_process, {}),
    "dumb-init CMD": Check(first_process, {
        NOT_FOUND: ("2", "127", "exit status 127 if CMD does not exist"),
        "CMD leaves two processes behind: they live on":
            ("session", "group session", "what CMD leaves in its group gets no SIGTERM"),
    }),
    "unshare -fp --kill-child --mount-proc CMD": Check(in_namespace, {
        "CMD dies of SIGTERM: status": ("0", "143", "CMD is not process 1"),
        "CMD dies of SIGKILL: status": ("0", "137", "CMD is not process 1"),
        "process ID inside": ("1", "2", "CMD is not process 1"),
        "SIGTERM to the tool: status": ("it runs on", "143", "signals reach CMD"),
        "SIGTERM to the tool: live on": ("not observed", "none", "signals reach CMD"),
        "an ordinary user: status": ("1", "3", "without root"),
    }),
    "bwrap --dev-bind / / --unshare-pid --die-with-parent CMD": Check(with_parent, {
        NOT_FOUND: ("1", "127", "exit status 127 if CMD does not exist"),
    }),
}
