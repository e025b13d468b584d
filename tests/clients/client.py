#!/usr/bin/env python3
"""client.py COMMAND [ARG]... - runs COMMAND so that it cannot outlive this program, kill -9 included:
its pidfd is handed over to this program, and nobody else has it."""
import fcntl
import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys

PIDFD_GET_INFO = 0xC040FF0B
PIDFD_INFO_EXIT = 8


class Child:
    def __init__(self, *command):
        ours, theirs = socket.socketpair()
        passed = [theirs.fileno()]
        options = ["-q", "--autokill", "--nnp", f"--pidfd-fd={theirs.fileno()}"]
        # From Linux 6.15 on the pidfd tells how the child ended. Elsewhere a record does.
        self.records = None
        if tuple(map(int, os.uname().release.split(".")[:2])) < (6, 15):
            self.records, writer = os.pipe()
            passed.append(writer)
            options.append(f"--status-fd={writer}")
        subprocess.run(["tether", *options, "--", *command], pass_fds=passed)
        theirs.close()
        for fd in passed[1:]:
            os.close(fd)
        # Every descriptor is to be kept: when the last copy is closed, the child ends.
        message, self.held, _, _ = socket.recv_fds(ours, 4096, 2)
        start = json.loads(message or '{"record":"error","message":"tether was killed"}')
        if start["record"] == "error":
            raise ChildProcessError(start["message"])
        self.pid, self.pidfd = start["pid"], self.held[0]

    def wait(self):
        """Its exit code; -N if signal N killed it. The pidfd fits into any event loop as well."""
        poll = select.poll()
        if self.records is None:
            poll.register(self.pidfd, 0)  # for POLLHUP: from then on its status can be had
            poll.poll()
            info = bytearray(struct.pack("Q56x", PIDFD_INFO_EXIT))
            fcntl.ioctl(self.pidfd, PIDFD_GET_INFO, info)
            return os.waitstatus_to_exitcode(struct.unpack("60xi", info)[0])
        poll.register(self.pidfd, select.POLLIN)
        poll.poll()
        with open(self.records) as records:
            end = [json.loads(line) for line in records][-1]
        return 128 - end["exit_status"] if end["signal"] else end["status"]


if __name__ == "__main__":
    try:
        child = Child(*sys.argv[1:])
    except ChildProcessError:
        sys.exit(1)  # tether has said why
    print("pid", child.pid, flush=True)
    code = child.wait()
    print(f"killed by {signal.Signals(-code).name}" if code < 0 else f"exited with status {code}")
