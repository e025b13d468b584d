// Makes a process in one of the ways that the kernel or a sandbox leaves open, and finds out which
// those are. Knows flags and stacks, not what the child is for.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "sys/unique_fd.hpp"

namespace tether {

// linux/sched.h has these from Linux 7.1 on.
constexpr std::uint64_t clone_autoreap = 1ULL << 34;
constexpr std::uint64_t clone_nnp = 1ULL << 35;
constexpr std::uint64_t clone_pidfd_autokill = 1ULL << 36;

// The calls that make a process, best first. A sandbox may allow only the later ones.
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

// The flags that run_sharing_memory() adds to its `flags`.
std::uint64_t shared_memory_flags();

// Runs body(argument) in a child that shares this process's memory, on a stack of its own. This
// process is suspended until the child has called execve or _exit (CLONE_VM|CLONE_VFORK): nothing
// is copied, whatever its size. `body` must not return and must call async-signal-safe functions
// only. `flags` are guarantees, only with clone3. The exit signal is SIGCHLD, or none with
// clone_autoreap. `cgroup_fd` is the cgroup v2 directory to make the child in (CLONE_INTO_CGROUP,
// Linux 5.7, only with clone3), or -1. Needs can_share_memory() and a way other than fork.
Cloned run_sharing_memory(CloneWay way, std::uint64_t flags, int cgroup_fd, void (*body)(void*),
                          void* argument);

// As fork(2): the child has a copy of this memory and returns here with pid 0. `flags` are
// guarantees and namespaces. EINVAL if `way` cannot take them: legacy clone takes none above bit
// 31, fork none. With `exit_signal` 0 only a wait with __WALL sees the child; fork always uses
// SIGCHLD. `cgroup_fd` as above.
Cloned fork_with_pidfd(CloneWay way, std::uint64_t flags, int exit_signal, int cgroup_fd = -1);

// Whether a clone that failed with this errno may succeed without its flags or in another way: the
// kernel does not know the call or a flag, or the kernel or a sandbox does not permit it.
bool may_be_unsupported(int error_number);

// Asks without a side effect whether clone3 would accept `flags`, or whether legacy clone can be
// called (its flags are not tried). The pidfd is to go to an unmapped address, which the kernel
// looks at after it has approved the flags. Returns EFAULT (accepted), EINVAL (unknown flag), EPERM
// (not permitted, or filtered), ENOSYS, or another errno that says neither.
int try_clone_flags(CloneWay way, std::uint64_t flags);

// What this kernel, inside this sandbox, can do: found by trying, never by version number.
struct KernelSupport {
  CloneWay way = CloneWay::clone3;
  int clone3_error = 0;   // why the way is not clone3: ENOSYS or EPERM
  bool autoreap = false;  // and the exit status of such a child can be learned
  bool nnp = false;
  bool autokill = false;   // with no_new_privs or CAP_SYS_ADMIN
  bool pidfd_open = true;  // without it a process can only watch its own clones
  bool into_cgroup = false;

  // What the first attempt assumes; that costs nothing where it is true.
  static KernelSupport everything() { return {CloneWay::clone3, 0, true, true, true, true, true}; }
};

// Tries the calls and flags, without making a process (Linux 5.10 to 7.3).
KernelSupport probe_kernel();

// The first Linux release with CLONE_AUTOREAP, CLONE_NNP and CLONE_PIDFD_AUTOKILL, for messages.
constexpr const char* native_since = "7.1";

// uname -r.
std::string kernel_release();

}  // namespace tether
