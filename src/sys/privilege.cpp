#include "sys/privilege.hpp"

#include <fcntl.h>
#include <linux/capability.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <cstdint>

#include "sys/script.hpp"
#include "sys/unique_fd.hpp"

namespace tether {
namespace {

constexpr int capability_bits = 64;
// A script's interpreter may be a script itself, this deep (execve(2)).
constexpr int interpreter_depth = 5;

bool ids_differ() {
  uid_t real_user = 0, effective_user = 0, saved_user = 0;
  gid_t real_group = 0, effective_group = 0, saved_group = 0;
  (void)::getresuid(&real_user, &effective_user, &saved_user);
  (void)::getresgid(&real_group, &effective_group, &saved_group);
  return real_user != effective_user || effective_user != saved_user ||
         real_group != effective_group || effective_group != saved_group;
}

// Permitted capabilities that are not ambient did not come from the caller: to a process that is
// not root, only the file could give them (capabilities(7), transformation during execve).
bool gained_capabilities() {
  if (::getuid() == 0) return false;
  const std::uint64_t permitted = capabilities().permitted;
  for (int capability = 0; capability < capability_bits; ++capability) {
    if ((permitted >> capability & 1U) != 0 &&
        ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, capability, 0, 0) != 1)
      return true;
  }
  return false;
}

bool has_capability_attribute(int directory_fd, const std::string& path) {
  // Opens the file, as getxattrat needs Linux 6.13 and /proc/self/fd may be missing. A file that
  // cannot be read is taken to have capabilities, which costs a watchdog and no guarantee.
  const UniqueFd file(
      ::openat(directory_fd, path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  return !file || ::fgetxattr(file.get(), "security.capability", nullptr, 0) >= 0;
}

}  // namespace

Capabilities capabilities() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> data{};
  Capabilities all;
  if (::syscall(SYS_capget, &header, data.data()) != 0) return all;
  all.effective = data[0].effective | static_cast<std::uint64_t>(data[1].effective) << 32;
  all.permitted = data[0].permitted | static_cast<std::uint64_t>(data[1].permitted) << 32;
  return all;
}

bool is_elevated() {
  return ::getauxval(AT_SECURE) != 0 && (ids_differ() || gained_capabilities());
}

bool has_sys_admin() {
  return (capabilities().effective >> CAP_SYS_ADMIN & 1U) != 0;
}

bool may_change_credentials() {
  return ::geteuid() == 0 || capabilities().permitted != 0;
}

bool has_file_capabilities(int directory_fd, const std::string& path) {
  std::string file = path;
  for (int depth = 0; depth <= interpreter_depth; ++depth) {
    if (has_capability_attribute(directory_fd, file)) return true;
    const auto interpreter = interpreter_of(directory_fd, file);
    if (!interpreter) return false;
    file = *interpreter;
  }
  return false;
}

}  // namespace tether
