#include "sys/standard_descriptors.hpp"

#include <fcntl.h>
#include <poll.h>

#include <algorithm>
#include <array>

namespace tether {
namespace {

constexpr rlim_t enough_descriptors = 64;

}  // namespace

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
  // One call if all three are open, as nearly always: poll(2) tells which are not, and fails if it
  // gets more entries than the soft limit on descriptors.
  std::array<pollfd, enough_descriptors> entries{};
  for (std::size_t i = 0; i < entries.size(); ++i) entries[i].fd = i < 3 ? static_cast<int>(i) : -1;
  const bool has_enough = ::poll(entries.data(), entries.size(), 0) >= 0;
  for (int fd = 0; fd <= 2; ++fd) {
    const bool doubtful =
        !has_enough || (entries[static_cast<std::size_t>(fd)].revents & POLLNVAL) != 0;
    if (!doubtful || ::fcntl(fd, F_GETFD) >= 0) continue;
    // `fd` is the lowest free number. Reads and writes of an O_PATH descriptor fail with EBADF, as
    // those of a closed one do.
    if (::open("/", O_PATH | O_CLOEXEC) != fd) return StandardDescriptors::not_filled;
  }
  return has_enough ? StandardDescriptors::filled : StandardDescriptors::filled_under_tiny_limit;
}

}  // namespace tether
