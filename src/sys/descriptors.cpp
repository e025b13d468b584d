#include "sys/descriptors.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>

#include "sys/raw_calls.hpp"
#include "sys/unique_fd.hpp"

namespace tether {
namespace {

UniqueFd open_list_of_descriptors() {
  return UniqueFd(::open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

// Not by opendir(3): the keeper would hold the pages of its large buffer for its whole life.
std::vector<int> numbers_in(int directory) {
  std::vector<int> numbers;
  alignas(dirent64) std::array<char, 2048> entries{};
  ssize_t bytes = 0;
  while ((bytes = ::getdents64(directory, entries.data(), entries.size())) > 0)
    for (ssize_t at = 0; at < bytes;) {
      const auto* const entry = reinterpret_cast<const dirent64*>(entries.data() + at);
      if (entry->d_name[0] != '.') numbers.push_back(std::atoi(entry->d_name));
      at += entry->d_reclen;
    }
  return numbers;
}

constexpr rlim_t enough_descriptors = 64;

}  // namespace

void close_all_but(std::initializer_list<int> kept) noexcept {
  unsigned first = 0;
  while (true) {
    unsigned spared = raw::highest_fd;
    for (const int fd : kept)
      if (fd >= 0 && static_cast<unsigned>(fd) >= first)
        spared = std::min(spared, static_cast<unsigned>(fd));
    if (spared == raw::highest_fd) break;
    if (spared > first) raw::close_between(first, spared - 1);
    first = spared + 1;
  }
  raw::close_between(first, raw::highest_fd);
}

bool is_inherited(int fd) {
  const int flags = ::fcntl(fd, F_GETFD);
  return flags >= 0 && (flags & FD_CLOEXEC) == 0;
}

CallersDescriptors::CallersDescriptors(std::initializer_list<std::optional<int>> named) {
  for (const auto& fd : named)
    if (fd && is_inherited(*fd)) open_.push_back(*fd);
}

bool CallersDescriptors::has(int fd) const {
  return std::find(open_.begin(), open_.end(), fd) != open_.end();
}

void withhold(int fd) {
  if (fd > STDERR_FILENO) (void)::fcntl(fd, F_SETFD, FD_CLOEXEC);
}

void close_inherited() {
  std::vector<int> found;
  if (const UniqueFd directory = open_list_of_descriptors(); directory) {
    found = numbers_in(directory.get());
  } else {
    rlimit limit{};
    (void)::getrlimit(RLIMIT_NOFILE, &limit);
    for (rlim_t fd = 0; fd < limit.rlim_max && fd < raw::most_fds; ++fd)
      found.push_back(static_cast<int>(fd));
  }
  for (const int fd : found)
    if (fd > 2 && is_inherited(fd)) (void)::close(fd);
}

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
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
