// What this kernel, inside this sandbox, can do: found by trying, never by version number.
#pragma once

#include <string>

#include "sys/clone.hpp"

namespace tether {

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
