#include "sys/caller.hpp"

#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>

#include "sys/script.hpp"
#include "sys/unique_fd.hpp"

namespace tether {
namespace {

constexpr int capability_bits = 64;
constexpr rlim_t enough_descriptors = 64;
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
  // There is no getxattrat before Linux 6.13, and /proc/self/fd may be missing: open the file. What
  // cannot be opened for reading is taken to have some, which costs a keeper and no guarantee.
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

std::optional<rlimit> raise_tiny_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= enough_descriptors ||
      limit.rlim_cur == limit.rlim_max)
    return std::nullopt;
  const rlimit raised{std::min(limit.rlim_max, enough_descriptors), limit.rlim_max};
  if (::setrlimit(RLIMIT_NOFILE, &raised) != 0) return std::nullopt;
  return limit;
}

StandardDescriptors fill_standard_descriptors() {
  // One call where all are open, as they nearly always are: poll(2) says which are not, and fails
  // if it is given more entries than the limit allows descriptors.
  std::array<pollfd, enough_descriptors> entries{};
  for (std::size_t i = 0; i < entries.size(); ++i) entries[i].fd = i < 3 ? static_cast<int>(i) : -1;
  const bool has_enough = ::poll(entries.data(), entries.size(), 0) >= 0;
  for (int fd = 0; fd <= 2; ++fd) {
    const bool doubtful =
        !has_enough || (entries[static_cast<std::size_t>(fd)].revents & POLLNVAL) != 0;
    if (!doubtful || ::fcntl(fd, F_GETFD) >= 0) continue;
    // The lowest free number is this one. An O_PATH descriptor answers EBADF to reads and writes,
    // as a closed one does.
    if (::open("/", O_PATH | O_CLOEXEC) != fd) return StandardDescriptors::not_filled;
  }
  return has_enough ? StandardDescriptors::filled : StandardDescriptors::filled_under_tiny_limit;
}

}  // namespace tether
