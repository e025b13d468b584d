#include "sys/descriptors.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "sys/raw_calls.hpp"

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

constexpr std::size_t control_size = CMSG_SPACE(most_passed * sizeof(int));

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

ssize_t send_with_descriptors(int socket, const void* data, std::size_t size,
                              std::initializer_list<int> descriptors, int flags) {
  std::array<int, most_passed> numbers{};
  std::size_t count = 0;
  for (const int fd : descriptors)
    if (fd >= 0 && count < numbers.size()) numbers.at(count++) = fd;
  iovec part{const_cast<void*>(data), size};
  alignas(cmsghdr) std::array<char, control_size> control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (count > 0) {
    message.msg_control = control.data();
    message.msg_controllen = CMSG_SPACE(count * sizeof(int));
    cmsghdr* const header = CMSG_FIRSTHDR(&message);
    *header = {CMSG_LEN(count * sizeof(int)), SOL_SOCKET, SCM_RIGHTS};
    std::memcpy(CMSG_DATA(header), numbers.data(), count * sizeof(int));
  }
  return ::sendmsg(socket, &message, flags | MSG_NOSIGNAL);
}

ssize_t receive_with_descriptors(int socket, void* data, std::size_t size,
                                 std::vector<UniqueFd>& descriptors) {
  iovec part{data, size};
  alignas(cmsghdr) std::array<char, control_size> control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  ssize_t got = -1;
  do {
    got = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  } while (got < 0 && errno == EINTR);
  const cmsghdr* const header = got < 0 ? nullptr : CMSG_FIRSTHDR(&message);
  if (header == nullptr || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
    return got;
  const std::size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
  for (std::size_t i = 0; i < count; ++i) {
    int fd = -1;
    std::memcpy(&fd, CMSG_DATA(header) + i * sizeof fd, sizeof fd);
    descriptors.emplace_back(fd);
  }
  if ((message.msg_flags & MSG_CTRUNC) == 0) return got;
  errno = EMFILE;
  return -1;
}

}  // namespace tether
