#include "sys/kernel_support.hpp"

#include <sys/utsname.h>

#include <cerrno>

namespace tether {

KernelSupport probe_kernel() {
  KernelSupport support;
  const int plain = try_clone_flags(CloneWay::clone3, 0);
  if (plain != EFAULT) {
    support.clone3_error = plain;
    const bool legacy = try_clone_flags(CloneWay::legacy_clone, 0) == EFAULT;
    support.way = legacy ? CloneWay::legacy_clone : CloneWay::fork;
    return support;
  }
  support.autoreap = try_clone_flags(CloneWay::clone3, clone_autoreap) == EFAULT;
  support.nnp = try_clone_flags(CloneWay::clone3, clone_nnp) == EFAULT;
  support.autokill = try_clone_flags(CloneWay::clone3,
                                     clone_autoreap | clone_nnp | clone_pidfd_autokill) == EFAULT;
  return support;
}

std::string kernel_release() {
  utsname name{};
  return ::uname(&name) == 0 ? name.release : "unknown";
}

}  // namespace tether
