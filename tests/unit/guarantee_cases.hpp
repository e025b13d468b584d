// Kernels, callers and wishes: what the tests of the guarantees go through.
#pragma once

#include <cerrno>
#include <string>
#include <vector>

#include "policy/guarantees.hpp"

namespace tether {

// The three flags that a kernel or a sandbox may know, in this order: autoreap, nnp, autokill.
inline KernelSupport kernel(bool autoreap, bool nnp, bool autokill) {
  return {CloneWay::clone3, 0, autoreap, nnp, autokill};
}

inline const KernelSupport native = KernelSupport::everything();
inline const KernelSupport old_kernel = kernel(false, false, false);
inline const KernelSupport legacy_clone{CloneWay::legacy_clone, ENOSYS, false, false, false};
inline const KernelSupport only_fork{CloneWay::fork, EPERM, false, false, false};

inline const std::vector<KernelSupport> kernels = {
    native,
    kernel(true, true, false),
    kernel(true, false, true),
    kernel(false, true, true),
    kernel(true, false, false),
    kernel(false, true, false),
    kernel(false, false, true),
    old_kernel,
    legacy_clone,
    only_fork,
};

// Root; root of a container without CAP_SYS_ADMIN; nobody special. With a plain COMMAND, and with
// one that has file capabilities.
inline constexpr CallerFacts root{true, true, false};
inline constexpr CallerFacts root_caps{true, true, true};
inline constexpr CallerFacts bounded{false, true, false};
inline constexpr CallerFacts bounded_caps{false, true, true};
inline constexpr CallerFacts user{false, false, false};
inline constexpr CallerFacts user_caps{false, false, true};
inline constexpr CallerFacts callers[] = {root, root_caps, bounded, bounded_caps, user, user_caps};

inline Options ask(bool autoreap, bool autokill, bool nnp) {
  Options options;
  options.autoreap = autoreap;
  options.autokill = autokill;
  options.nnp = nnp;
  return options;
}

// Detached, with a keeper or with nobody left behind.
inline Options detached(Options options, bool keeper) {
  options.mode = Mode::detach;
  if (keeper) options.status_fd = 5;
  return options;
}

inline std::string text_of(Means means) {
  const char* name = name_of(means);
  return name != nullptr ? name : "-";
}

}  // namespace tether
