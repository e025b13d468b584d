#include "setup/receiver.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "sys/descriptors.hpp"
#include "sys/passing.hpp"

namespace tether {
namespace {

// 0, or the errno that tells why no message can be sent.
int sending_error(int fd) {
  int domain = 0;
  socklen_t size = sizeof domain;
  if (::getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) != 0) return errno;
  if (domain != AF_UNIX) return EAFNOSUPPORT;
  sockaddr_storage peer{};
  socklen_t peer_size = sizeof peer;
  if (::getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &peer_size) != 0) return errno;
  pollfd writable{fd, POLLOUT, 0};
  if (::poll(&writable, 1, 0) < 0) return errno;
  if ((writable.revents & (POLLHUP | POLLERR)) != 0) return EPIPE;
  return writable.revents == 0 ? EAGAIN : 0;
}

const char* hint_for(int sending_error) {
  switch (sending_error) {
    case EBADF:
    case ENOTSOCK:
    case EAFNOSUPPORT:
    case ENOTCONN:
      return "the descriptor must be a connected Unix socket; with --become a free number";
    case EAGAIN:
      return "the socket buffer is full: the receiver does not read";
    case EPIPE:
      return "the receiver has closed its end";
    default:
      return "";
  }
}

Failure socket_failure(int fd, int error_number) {
  return Failure{.stage = Stage::hand_over,
                 .error_number = error_number,
                 .detail = fmt::format("--pidfd-fd={}", fd),
                 .hint = hint_for(error_number)};
}

bool is_same_socket(int one, int other) {
  struct stat first {};
  struct stat second {};
  return ::fstat(one, &first) == 0 && ::fstat(other, &second) == 0 &&
         first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

// Whether COMMAND would have `socket` as one of 0 to 2. It gets no other descriptor but those kept.
bool command_has(int socket, const Options& options) {
  const bool output = options.standard_output || options.log;
  const bool error = options.standard_error || options.log;
  return (!options.standard_input && is_same_socket(socket, STDIN_FILENO)) ||
         (!output && is_same_socket(socket, STDOUT_FILENO)) ||
         (!error && is_same_socket(socket, STDERR_FILENO));
}

}  // namespace

Status Receiver::open(const Options& options, const CallersDescriptors& callers) {
  if (socket_) return Unit{};
  const int fd = *options.pidfd_fd;
  if (!callers.has(fd)) return socket_failure(fd, EBADF);
  if (const int error = sending_error(fd); error != 0) return socket_failure(fd, error);
  if (command_has(fd, options))
    return Failure{
        .stage = Stage::hand_over,
        .detail = fmt::format("--pidfd-fd={}: COMMAND would have a copy of that socket", fd),
        .hint = "the receiver would never see the end of file; redirect that descriptor"};
  withhold(fd);
  socket_.reset(fd);
  return Unit{};
}

Status Receiver::give(const std::string& start_line, int pidfd, int lifeline) {
  ssize_t sent = -1;
  do {
    sent = send_with_descriptors(socket_.get(), start_line.data(), start_line.size(),
                                 {pidfd, lifeline}, MSG_DONTWAIT);
  } while (sent < 0 && errno == EINTR);
  if (sent < 0) return Failure{.stage = Stage::hand_over, .error_number = errno};
  // A stream socket takes what it has room for: part of a record is the last that comes.
  if (static_cast<std::size_t>(sent) < start_line.size()) {
    close();
    return Failure{.stage = Stage::hand_over, .error_number = EAGAIN};
  }
  return Unit{};
}

void Receiver::refuse(const std::string& error_line) {
  (void)send_with_descriptors(socket_.get(), error_line.data(), error_line.size(), {},
                              MSG_DONTWAIT);
}

}  // namespace tether
