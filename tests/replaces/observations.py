"""What is observed of a line, by the kind of tool that it calls: generators of (what, value)."""
import os
import re
import signal
import subprocess

from rounds import SIGNALS, Failed, Round, await_that, is_quiet, lives, read, status_of, take_patience

IN_NAMESPACE = "unshare -fp --kill-child --mount-proc "


def descriptor(pid, number):
    try:
        target = os.readlink(f"/proc/{pid}/fd/{number}")
    except FileNotFoundError:
        return "closed"
    return "pipe" if target.startswith("pipe:") else target if target == "/dev/null" else "file"


def surroundings(this, caller):
    """What CMD finds around it, seen from outside."""
    pid = this.pids["CMD"]
    fields = status_of(pid)
    stat = read(f"/proc/{pid}/stat").rpartition(b")")[2].split()
    ignored = int(fields["SigIgn"], 16)
    namespace = fields["NSpid"].split()
    directory = os.path.relpath(os.readlink(f"/proc/{pid}/cwd"), this.directory)
    yield "process of CMD", "the tool's" if pid == caller.pid else "a new one"
    yield "process group", "the caller's" if int(stat[2]) == caller.pid else "a new one"
    yield "session", "the caller's" if int(stat[3]) == os.getsid(0) else "a new one"
    yield "directory", {".": "the caller's", "where": "DIR"}.get(directory, "/")
    yield "umask", fields["Umask"]
    names = [name for name, number in SIGNALS.items() if ignored >> (number - 1) & 1]
    yield "ignored signals", " ".join(names) or "none"
    yield "no_new_privs", fields["NoNewPrivs"]
    yield "process ID inside", namespace[-1] if len(namespace) > 1 else "the same"
    yield "descriptors 0 to 2", " ".join(descriptor(pid, number) for number in range(3))
    yield "descriptor 7", "closed" if descriptor(pid, 7) == "closed" else "open"


def is_deaf(pid):
    """Whether the process heeds no SIGTERM: it is blocked while the process waits for a child, and for
    nothing else."""
    await_that(lambda: is_quiet(status_of(pid)), f"process {pid} waits")
    blocked = int(status_of(pid)["SigBlk"], 16) >> (SIGNALS["TERM"] - 1) & 1
    return bool(blocked) and read(f"/proc/{pid}/wchan") == b"do_wait"


def observe_end(folder, line):
    """CMD ends by itself."""
    for play in ("exit", "TERM", "KILL"):
        with Round(folder, line, play) as this:
            caller = this.run()
            status = this.returned(caller)
            what = "CMD exits with 3" if play == "exit" else f"CMD dies of SIG{play}"
            yield f"{what}: status", status
            output, errors = this.printed(caller)
            yield f"{what}: output", output
            yield f"{what}: error output", errors
    with Round(folder, line.replace("CMD", "MISSING"), "exit") as this:
        yield "CMD does not exist: status", this.returned(this.run())
    with Round(folder, line, "leave") as this:
        caller = this.run()
        status = this.returned(caller)
        yield "CMD leaves two processes behind: status", status
        yield "CMD leaves two processes behind: they live on", this.left()


def observe_signals(folder, line):
    """The tool gets a signal."""
    for name in ("TERM", "KILL"):
        with Round(folder, line, "stay") as this:
            caller = this.run()
            this.await_roles()
            if name == "TERM":
                yield from surroundings(this, caller)
            if name == "TERM" and is_deaf(caller.pid):
                yield "SIGTERM to the tool: status", "it runs on"
                continue
            caller.send_signal(getattr(signal, f"SIG{name}"))
            yield f"SIG{name} to the tool: status", this.returned(caller)
            yield f"SIG{name} to the tool: live on", this.left()


def wrapper(folder, line):
    yield from observe_end(folder, line)
    yield from observe_signals(folder, line)


def with_time(folder, line):
    yield from wrapper(folder, line)
    for play, what in (("stay", "the time is up"), ("deaf", "the time is up, SIGTERM is ignored")):
        seconds = 0.25
        while True:
            short = re.sub(r"-k 5\b", "-k 0.1", line).replace("10m", str(seconds))
            with Round(folder, short, play) as this:
                caller = this.run()
                status = this.returned(caller)
                if this.are_up():
                    yield f"{what}: status", status
                    yield f"{what}: live on", this.left()
                    break
            # On a busy machine its children were not there in time.
            seconds *= 2
            if seconds > take_patience():
                raise Failed(f"{what}: CMD did not start its children in {seconds / 2} s")


def with_parent(folder, line):
    yield from wrapper(folder, line)
    with Round(folder, line, "stay", prefix="", suffix=" & wait") as this:
        caller = this.run()
        this.await_roles()
        caller.kill()
        this.returned(caller)
        yield "SIGKILL to the tool's parent: live on", this.left()
    with Round(folder, line.replace("tether ", "tether -k 0.1 "), "deaf", prefix="", suffix=" & wait") as this:
        caller = this.run()
        this.await_roles()
        caller.kill()
        this.returned(caller)
        yield "SIGKILL to the tool's parent, SIGTERM is ignored: live on", this.left()


def in_namespace(folder, line):
    yield from wrapper(folder, line)
    ordinary = "setpriv --reuid=65534 --regid=65534 --clear-groups "
    with Round(folder, ordinary + "unshare -U true", "exit") as this:
        permitted = this.returned(this.run()) == "0"
    with Round(folder, ordinary + line, "exit") as this:
        yield "an ordinary user: status", this.returned(this.run()) if permitted else None


def has_namespaces():
    trial = subprocess.run([*IN_NAMESPACE.split(), "true"], stderr=subprocess.DEVNULL, check=False)
    return trial.returncode == 0


def first_process(folder, line):
    yield from wrapper(folder, line)
    if not has_namespaces():
        return
    with Round(folder, IN_NAMESPACE + line, "orphan") as this:
        caller = this.run()
        yield "an orphan of process 1: status", this.returned(caller)
        yield "an orphan of process 1", this.printed(caller)[0]


def error_output(text):
    """The wording of tether's notice about descriptors 0 to 2 is no matter."""
    return "a notice of /dev/null" if re.fullmatch("tether: [^;]*/dev/null.*", text) else text


def starter(folder, line):
    with Round(folder, line, "stay", prefix="", suffix="") as this:
        with open(os.path.join(this.directory, "log"), "w", encoding="ascii") as log:
            log.write("old\n")
        caller = this.run()
        yield "status", this.returned(caller)
        this.await_roles()
        output, errors = this.printed(caller)
        yield "output of CMD and of the tool", output
        yield "error output of CMD and of the tool", error_output(errors)
        yield from surroundings(this, caller)
        log = read(os.path.join(this.directory, "log")).decode().replace("\n", " ").strip()
        yield "log", log
        pidfile = read(os.path.join(this.directory, "pidfile")).decode().strip()
        yield "pidfile", {"": "none", str(this.pids["CMD"]): "CMD"}.get(pidfile, "other")
        if "PIDFILE" in line:
            second = this.run()
            yield "a second start: status", this.returned(second)
        try:
            os.killpg(caller.pid, signal.SIGHUP)
        except ProcessLookupError:
            pass
        yield "SIGHUP to the caller's group: live on", this.left()
    with Round(folder, line.replace("CMD", "MISSING"), "stay", prefix="", suffix="") as this:
        yield "CMD does not exist: status", this.returned(this.run())


def in_background(folder, line):
    """A starter whose caller has the process ID."""
    yield from starter(folder, line)
    # As the row says it: $! here, and --print-pid there.
    line = line + " echo $!" if line.endswith("&") else line.replace("tether ", "tether --print-pid ", 1)
    with Round(folder, line, "stay", prefix="", suffix="") as this:
        caller = this.run()
        this.returned(caller)
        this.await_roles()
        texts = (caller.stdout.read() or b"").decode().split()
        yield "the caller knows the process ID", "yes" if str(this.pids["CMD"]) in texts else "no"


def stopper(folder, line):
    start = {"start-stop-daemon": "start-stop-daemon -S -b -m -p PIDFILE -x CMD",
             "tether": "tether -d -q --pidfile=PIDFILE CMD"}[line.split()[0]]
    # The grace period is whole seconds for start-stop-daemon.
    quick = re.sub(r"(-k|--retry) 5\b", r"\1 1", line)
    for play, what in (("stay", "stop"), ("deaf", "stop, SIGTERM is ignored")):
        with Round(folder, quick, play) as this:
            this.returned(this.run(this.filled(start)))
            this.await_roles()
            caller = this.run()
            yield f"{what}: status", this.returned(caller)
            # Not eventually: stopped means gone.
            yield f"{what}: CMD when it returns", "runs" if status_of(this.pids["CMD"]) else "gone"
            output, errors = this.printed(caller)
            yield f"{what}: output", output
            yield f"{what}: error output", errors
            yield f"{what}: live on", this.left()
            left = os.path.exists(os.path.join(this.directory, "pidfile"))
            yield f"{what}: PIDFILE", "left" if left else "removed"
            yield f"{what} again: status", this.returned(this.run())
    with Round(folder, quick, "stay") as this:
        stranger = this.run("ROLE=CMD exec \"$FOLDER/role\"")
        await_that(lambda: os.path.exists(os.path.join(this.directory, "up.CMD")), "a process runs")
        with open(os.path.join(this.directory, "pidfile"), "w", encoding="ascii") as file:
            file.write(f"{stranger.pid}\n")
        caller = this.run()
        yield "PIDFILE names another process: status", this.returned(caller)
        yield "PIDFILE names another process: it lives on", str(lives(stranger.pid))
