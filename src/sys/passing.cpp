#include "sys/passing.hpp"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace tether {
namespace {

constexpr std::size_t control_size = CMSG_SPACE(most_passed * sizeof(int));

}  // namespace

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
