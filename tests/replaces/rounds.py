"""One run of one line: starting it, waiting for its events, finding its processes, and ending them."""
import ctypes
import os
import re
import shutil
import signal
import subprocess
import time

ROLES = ["CMD", "group", "session"]
SIGNALS = {name: int(getattr(signal, "SIG" + name))
           for name in ("HUP", "INT", "QUIT", "PIPE", "TERM", "CHLD")}
# What a line starts. ROUND is the folder of one run, and by it in the environment a process is found. A
# process with a ROLE stays, and does not execute another program, until it is killed: the FIFO has no writer.
ROLE = """#!/bin/sh
: >"$ROUND/up.$ROLE"
read -r _ <"$ROUND/never"
"""
CMD = """#!/bin/sh
family() {
  ROLE=group "$FOLDER/role" &
  ROLE=session setsid "$FOLDER/role" &
  until [ -e "$ROUND/up.group" ] && [ -e "$ROUND/up.session" ]; do sleep 0.01; done
}
case $PLAY in
  exit) echo out; echo err >&2; exit 3 ;;
  TERM | KILL) kill -s "$PLAY" $$ ;;
  leave) family ;;
  deaf) trap '' TERM; family; ROLE=CMD exec "$FOLDER/role" ;;
  stay) echo out; echo err >&2; family; ROLE=CMD exec "$FOLDER/role" ;;
  orphan)
    # Its parent ends at once, so that it comes to process 1.
    orphan=$(sh -c 'true & echo $!')
    for try in $(seq "$TRIES"); do
      [ -e "/proc/$orphan" ] || { echo reaped; exit 5; }
      sleep 0.01
    done
    echo zombie ;;
esac
"""


def put_programs(folder, tether):
    """What each round runs: CMD and its children, and a tether that no other process runs."""
    os.mkdir(os.path.join(folder, "bin"))
    shutil.copy2(tether, os.path.join(folder, "bin", "tether"))
    for name, text in (("CMD", CMD), ("role", ROLE)):
        path = os.path.join(folder, name)
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
        os.chmod(path, 0o755)


class Failed(Exception):
    pass


def become_subreaper():
    """Orphans of the tools come here, and are waited for as soon as they end. Process 1 of a container may
    never wait, and start-stop-daemon takes a zombie for a process that runs."""
    pr_set_child_subreaper = 36
    if ctypes.CDLL(None, use_errno=True).prctl(pr_set_child_subreaper, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "PR_SET_CHILD_SUBREAPER")


def reap():
    """Waits for what has ended; Round.run's own by their objects, which keep the status. True if no child
    is left, and so no descendant."""
    try:
        while ended := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            own = [caller for caller in Round.callers if caller.pid == ended.si_pid]
            if own:
                own[0].poll()
            else:
                os.waitpid(ended.si_pid, 0)
    except ChildProcessError:
        return True
    return False


def take_patience():
    """How many seconds to wait at most: the time of ten thousand spawns, and at least half a minute."""
    begin = time.monotonic()
    for _ in range(20):
        subprocess.run(["/bin/sh", "-c", ":"], check=True)
    return max(30, (time.monotonic() - begin) * 500)


def await_that(condition, what):
    """What is true of CONDITION as soon as it is."""
    begin, limit = time.monotonic(), 30
    while not (result := condition()):
        reap()
        if time.monotonic() - begin > limit:
            limit = max(limit, take_patience())
            if time.monotonic() - begin > limit:
                raise Failed(f"not within {limit:.0f} s: {what}")
        time.sleep(0.01)
    return result


def read(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:  # the process has ended
        return b""


def status_of(pid):
    """The fields of /proc/PID/status; none if it has ended."""
    lines = read(f"/proc/{pid}/status").decode(errors="replace").splitlines()
    fields = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
    return fields if fields and fields["State"][0] not in "ZX" else {}


def is_quiet(fields):
    """Asleep, with no signal that would end it still to be acted on."""
    pending = ("SigPnd", "ShdPnd")
    return bool(fields) and fields["State"][0] == "S" and all(int(fields[each], 16) == 0 for each in pending)


def lives(pid):
    """Whether it lives on; to be asked when nothing is left that could still send it a signal."""
    def settled():
        fields = status_of(pid)
        return not fields or is_quiet(fields)
    await_that(settled, f"process {pid} ends or sleeps")
    return bool(status_of(pid))


class Round:
    """One run of one side of a row."""

    count = 0
    callers = []

    def __init__(self, folder, line, play, prefix="exec ", suffix=""):
        Round.count += 1
        self.directory = os.path.join(folder, f"round.{Round.count}")
        os.makedirs(os.path.join(self.directory, "where"))
        os.mkfifo(os.path.join(self.directory, "never"))
        self.folder, self.play, self.begun, self.pids = folder, play, [], {}
        self.tether = os.stat(os.path.join(folder, "bin", "tether"))
        self.line = prefix + self.filled(line) + suffix

    def filled(self, line):
        names = {"CMD": f"{self.folder}/CMD", "MISSING": f"{self.folder}/MISSING",
                 "LOG": f"{self.directory}/log", "PIDFILE": f"{self.directory}/pidfile",
                 "DIR": f"{self.directory}/where"}
        return re.sub(r"\b(%s)\b" % "|".join(names), lambda word: names[word[0]], line)

    def run(self, line=None, **surroundings):
        """As a shell that leads a process group runs it; standard input, output and error are pipes."""
        environment = {"PATH": f"{self.folder}/bin:{os.environ['PATH']}", "HOME": self.folder, "LC_ALL": "C",
                       "FOLDER": self.folder, "ROUND": self.directory, "PLAY": self.play,
                       "TRIES": str(int(take_patience() * 100)) if self.play == "orphan" else "0",
                       # Outside a PID namespace tini would complain that it is not process 1.
                       "TINI_SUBREAPER": "1", **surroundings}

        def in_child():
            os.setpgid(0, 0)
            os.umask(0o027)
            os.dup2(1, 7)  # a descriptor that no tool is told of
            for number in SIGNALS.values():
                signal.signal(number, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_SETMASK, [])
        caller = subprocess.Popen(["/bin/sh", "-c", line or self.line], cwd=self.directory, env=environment,
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                  close_fds=False, preexec_fn=in_child)
        for pipe in (caller.stdout, caller.stderr):
            os.set_blocking(pipe.fileno(), False)
        self.begun.append(caller)
        Round.callers.append(caller)
        return caller

    def returned(self, caller):
        """The status, as a shell has it."""
        await_that(lambda: caller.poll() is not None, f"the end of: {self.line}")
        return str(caller.returncode if caller.returncode >= 0 else 128 - caller.returncode)

    def printed(self, caller):
        """What has come by now. The pids and the folder of this round are no difference."""
        texts = []
        for pipe in (caller.stdout, caller.stderr):
            text = (pipe.read() or b"").decode().replace(self.directory, "").replace(self.folder, "")
            texts.append(re.sub(r"\b[0-9]{2,}\b", "N", text).strip().replace("\n", "; "))
        return texts

    def marked(self):
        """{pid: role} of what this round has started; None for a process without a role."""
        found = {}
        for name in os.listdir("/proc"):
            if not name.isdigit():
                continue
            variables = read(f"/proc/{name}/environ").split(b"\0")
            if b"ROUND=" + self.directory.encode() in variables:
                roles = [each[5:].decode() for each in variables if each.startswith(b"ROLE=")]
                found[int(name)] = roles[0] if roles else None
            else:
                try:  # a helper of tether shows no environment
                    if os.path.samestat(os.stat(f"/proc/{name}/exe"), self.tether):
                        found[int(name)] = None
                except OSError:
                    pass
        return found

    def await_roles(self):
        def up():
            pids = {role: pid for pid, role in self.marked().items() if role}
            return pids if all(role in pids and os.path.exists(os.path.join(self.directory, f"up.{role}"))
                               for role in ROLES) else None
        self.pids = await_that(up, f"CMD and its two children run: {self.line}")
        return self.pids

    def are_up(self):
        return all(os.path.exists(os.path.join(self.directory, f"up.{role}")) for role in ROLES[1:])

    def left(self):
        """Who lives on, when no process of the tool is left that could end one."""
        def tool_is_gone():
            return None not in self.marked().values()
        await_that(tool_is_gone, f"the end of every process of the tool: {self.line}")
        pids = self.pids or {role: pid for pid, role in self.marked().items()}
        return " ".join(role for role in ROLES if role in pids and lives(pids[role])) or "none"

    def clean(self):
        def gone():
            for pid in self.marked():
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            return reap()
        # Not when none is seen, as a process in the midst of an exec shows no environment.
        await_that(gone, "the end of what this test has started")
        for caller in self.begun:
            Round.callers.remove(caller)
            for pipe in (caller.stdin, caller.stdout, caller.stderr):
                pipe.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.clean()
