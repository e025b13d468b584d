#include "sys/kernel_support.hpp"

#include <linux/sched.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cerrno>

#include "sys/pidfd.hpp"

namespace tether {

KernelSupport probe_kernel() {
  KernelSupport support;
  // Any other answer, such as EAGAIN at a limit, says nothing about the call.
  const auto refused = [](int error) { return error == ENOSYS || error == EPERM; };
  support.pidfd_open = UniqueFd(open_pidfd(::getpid())) || !refused(errno);
  const int plain = try_clone_flags(CloneWay::clone3, 0);
  if (refused(plain)) {
    support.clone3_error = plain;
    const int legacy_answer = try_clone_flags(CloneWay::legacy_clone, 0);
    const bool legacy = !refused(legacy_answer) && legacy_answer != EINVAL;
    support.way = legacy ? CloneWay::legacy_clone : CloneWay::fork;
    return support;
  }
  const auto known = [&](std::uint64_t flags) {
    const int answer = try_clone_flags(CloneWay::clone3, flags);
    return answer != EINVAL && !refused(answer);
  };
  support.autoreap = known(clone_autoreap) && has_exit_information();
  support.nnp = known(clone_nnp);
  support.into_cgroup = known(CLONE_INTO_CGROUP);
  support.autokill = known(clone_autoreap | clone_nnp | clone_pidfd_autokill);
  return support;
}

std::string kernel_release() {
  utsname name{};
  return ::uname(&name) == 0 ? name.release : "unknown";
}

}  // namespace tether
