// Process file descriptors: opening, signalling, handing over, and how an autoreaped process ended.
// Also waits for children of this process, and adopts the orphans among their descendants.
#pragma once

#include <sys/resource.h>
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

// Reaps a child of this process (waitid(P_PIDFD), Linux 5.4, with __WALL). Blocks until the child
// has ended. Empty, with errno ECHILD, if this process has no such child. `usage`, if not null,
// gets the child's exact resource usage.
std::optional<Ending> reap(int pidfd, rusage* usage);

// Makes this process the parent of its orphaned descendants (PR_SET_CHILD_SUBREAPER). False and
// errno on failure.
bool adopt_orphans();

// Reaps the children that have ended, such as the orphans that a subreaper adopts. Stops at `but`,
// which is reaped elsewhere. Never blocks.
void reap_others(pid_t but);

struct StopOrContinue {
  bool stopped = false;  // else continued
  int signal = 0;        // that stopped the child
};
// Takes the next stop or continuation of a child; none if all were taken. Never blocks. Works for
// autoreaped children too.
std::optional<StopOrContinue> take_stop_or_continue(int pidfd);

// Whether a child is stopped, and take_stop_or_continue() has not taken that yet.
bool is_stopped(int pidfd);

// How a child has ended; its pidfd must be readable. Reaps the child, unless the kernel does
// (`autoreaped`): then waits until the kernel has released it, as exit_information() needs that. A
// tracer of the child can delay the release. Empty where nothing can tell. `usage`, if not null,
// gets the exact usage of a child that is reaped here.
std::optional<Ending> learn_ending(int pidfd, bool autoreaped, rusage* usage = nullptr);

// Whether this process has a child, its own or adopted, that lives or has not been reaped.
bool has_children();

}  // namespace tether
