// Making a process, in the ways a kernel or a sandbox leaves open. Knows flags and stacks, nothing
// of what the child is for.
#pragma once

#include <sys/types.h>

#include <cstdint>

#include "sys/unique_fd.hpp"

namespace tether {

// In linux/sched.h from Linux 7.1; no older header has them.
constexpr std::uint64_t clone_autoreap = 1ULL << 34;
constexpr std::uint64_t clone_nnp = 1ULL << 35;
constexpr std::uint64_t clone_pidfd_autokill = 1ULL << 36;

// The calls that make a process, best first. A sandbox may leave only the later ones.
enum class CloneWay {
  clone3,        // Linux 5.3, the only one that takes flags above bit 31
  legacy_clone,  // clone(2) with CLONE_PIDFD, Linux 5.2
  fork,          // fork(2), then pidfd_open(2), Linux 5.3
};

struct Cloned {
  pid_t pid = -1;  // -1: no process was made
  UniqueFd pidfd;  // close-on-exec, as the kernel makes it; never 0 to 2 if those are open
  int error_number = 0;
};

// Whether this build has a stack switch for CLONE_VM on this processor; elsewhere every child is
// forked.
bool can_share_memory();

// The flags run_sharing_memory() adds to the caller's own.
std::uint64_t shared_memory_flags();

// Runs body(argument) in a child that shares this process's memory, on a stack of its own, while
// this process is suspended until the child has called execve or _exit (CLONE_VM|CLONE_VFORK:
// nothing is copied, whatever the size of this process). `flags` are the guarantees wanted (high
// bits; only with clone3). The child is an ordinary one (SIGCHLD) unless clone_autoreap is asked
// for. `body` must not return and must call async-signal-safe functions only.
// `cgroup_fd`: the directory of cgroup v2 that it is made in (CLONE_INTO_CGROUP, Linux 5.7; only
// with clone3), or -1. Needs can_share_memory() and a way other than fork.
Cloned run_sharing_memory(CloneWay way, std::uint64_t flags, int cgroup_fd, void (*body)(void*),
                          void* argument);

// As fork(2): a child with a copy of this memory returns here with pid 0. `flags` are guarantees
// and namespaces; EINVAL if the way cannot take them: legacy clone those above bit 31, fork any.
// `exit_signal` 0 makes a child that no generic wait sees (wait with __WALL); fork itself cannot do
// that and uses SIGCHLD. `cgroup_fd` as above.
Cloned fork_with_pidfd(CloneWay way, std::uint64_t flags, int exit_signal, int cgroup_fd = -1);

// Whether a call that made no process, for this reason, may make one without its flags or in
// another way: the kernel does not know it, or a sandbox or the kernel does not permit it.
bool may_be_unsupported(int error_number);

// Asks without a side effect whether clone3 would accept `flags`, or whether legacy clone can be
// called (which takes no flags from here): the place for the pidfd is an address nobody has, which
// the kernel looks at after it has approved of the flags. Returns EFAULT (it would), EINVAL
// (unknown flag), EPERM (not permitted, or filtered), ENOSYS, or another errno that says neither.
int try_clone_flags(CloneWay way, std::uint64_t flags);

}  // namespace tether
