// Process file descriptors: opening, signalling, handing over, and how an autoreaped process ended.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>

#include "sys/ending.hpp"
#include "sys/unique_fd.hpp"

namespace tether {

// pidfd_open(2), Linux 5.3: close-on-exec, the calling code closes it. -1 and errno on failure.
int open_pidfd(pid_t pid);

// pidfd_send_signal(2), Linux 5.1. False and errno on failure.
bool send_signal(int pidfd, int signal);

// Signals the process group that the process leads (Linux 6.9; before that by kill(2), for which
// `pid` must not have been reaped). False and errno on failure.
bool send_signal_to_group(int pidfd, pid_t pid, int signal);

// Whether `pidfd` is readable: the process has ended, with all its threads. Never blocks.
bool has_ended(int pidfd);

// Takes the open file of `pidfd`, in a new descriptor, for another process to hold. `pidfd` itself
// then names the same process by another open file, which neither CLONE_PIDFD_AUTOKILL nor a lock
// counts. `pid` is or was the process's number. If the process has ended, both share the file:
// nothing depends on it any more. Empty and errno on failure.
UniqueFd take_file_of(int pidfd, pid_t pid);
// Another descriptor of the same open file, above 2 and close-on-exec. Empty and errno on failure.
UniqueFd copy_of(int fd);

// The inode of the process, unique since boot; none before pidfs (Linux 6.9).
std::optional<std::uint64_t> pidfs_inode(int pidfd);

// The pid of the process behind `pidfd`, as /proc of this process has it (proc_pid_fdinfo(5)); -1
// if the process has been reaped, has no number there, or without /proc.
pid_t pid_of(int pidfd);

// How an autoreaped process ended, from PIDFD_GET_INFO (Linux 6.15). Empty until the kernel has
// released the process, even if `pidfd` polls readable: wait for POLLHUP and ask again.
std::optional<Ending> exit_information(int pidfd);

// Whether exit_information() works: from Linux 6.15, unless a sandbox filters the ioctl.
bool has_exit_information();

}  // namespace tether
