// Process file descriptors: open, signal, and learn how an autoreaped process ended.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>

#include "sys/ending.hpp"
#include "sys/unique_fd.hpp"

namespace tether {

// pidfd_open(2), Linux 5.3; close-on-exec. -1 and errno on failure.
int open_pidfd(pid_t pid);

// pidfd_send_signal(2), Linux 5.1. False and errno on failure.
bool send_signal(int pidfd, int signal);

// To the whole process group that the process leads. Linux 6.9; before that by kill(2), which the
// caller must know to be safe: `pid` has not been reaped. False and errno on failure.
bool send_signal_to_group(int pidfd, pid_t pid, int signal);

// Ready (the process has ended, or all its threads have) right now?
bool has_ended(int pidfd);

// Takes the open file of `pidfd` away, for somebody else to hold: `pidfd` keeps its number, and is
// the same process by a file of our own from then on, which neither CLONE_PIDFD_AUTOKILL nor a lock
// counts. `pid` is its number, or was. Of a process that has ended the file is shared: nothing
// depends on it any more. Empty and errno on failure.
UniqueFd take_file_of(int pidfd, pid_t pid);
// Another descriptor of the same open file, above 2 and close-on-exec.
UniqueFd copy_of(int fd);

// The inode that names the process for ever, or none before pidfs (Linux 6.9).
std::optional<std::uint64_t> pidfs_inode(int pidfd);

// The number of the process that `pidfd` is open for, as this process's /proc has it
// (proc_pid_fdinfo(5)); -1 if it has been reaped, or has no number here, or there is no /proc.
pid_t pid_of(int pidfd);

// How an autoreaped process ended, from PIDFD_GET_INFO (Linux 6.15). Empty while the kernel has not
// released it yet, although the pidfd already polls readable: wait for POLLHUP, then ask again.
std::optional<Ending> exit_information(int pidfd);

// Whether exit_information() can be had here at all: not before Linux 6.15, nor where a sandbox
// filters the ioctl.
bool has_exit_information();

}  // namespace tether
