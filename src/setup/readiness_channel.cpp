#include "setup/readiness_channel.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "sys/deadline.hpp"
#include "sys/pidfd.hpp"
#include "sys/processes.hpp"

namespace tether {
namespace {

constexpr std::size_t longest_message = 8192;
constexpr std::size_t most_descriptors = 253;  // SCM_MAX_FD: the most in one message
constexpr std::chrono::milliseconds longest_linger{100};

// Not root's own runtime directory: COMMAND may give up its privileges, and must reach the socket.
std::vector<std::string> socket_directories() {
  std::vector<std::string> directories;
  if (::geteuid() == 0) {
    directories.emplace_back("/run");
  } else if (const char* runtime = std::getenv("XDG_RUNTIME_DIR")) {
    directories.emplace_back(runtime);
  }
  const char* temporary = std::getenv("TMPDIR");
  directories.emplace_back(temporary != nullptr && *temporary != 0 ? temporary : "/tmp");
  return directories;
}

// Returns the sender's pid. Closes the descriptors that came along: the answer to BARRIER=1.
pid_t take_control_data(msghdr& header, uid_t& uid) {
  pid_t pid = -1;
  for (cmsghdr* part = CMSG_FIRSTHDR(&header); part != nullptr; part = CMSG_NXTHDR(&header, part)) {
    if (part->cmsg_level != SOL_SOCKET) continue;
    if (part->cmsg_type == SCM_CREDENTIALS) {
      ucred credentials{};
      std::memcpy(&credentials, CMSG_DATA(part), sizeof credentials);
      pid = credentials.pid;
      uid = credentials.uid;
    } else if (part->cmsg_type == SCM_RIGHTS) {
      const std::size_t bytes = part->cmsg_len - CMSG_LEN(0);
      for (std::size_t at = 0; at + sizeof(int) <= bytes; at += sizeof(int)) {
        int fd = -1;
        std::memcpy(&fd, CMSG_DATA(part) + at, sizeof fd);
        (void)::close(fd);
      }
    }
  }
  return pid;
}

}  // namespace

Status ReadinessChannel::open(const Notify& how) {
  how_ = how;
  if (how.kind == Notify::Kind::socket) return open_socket();
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC) != 0) return descriptor_failure(errno, "--notify");
  tethers_end_.reset(ends[0]);
  childs_end_.reset(ends[1]);
  (void)::fcntl(ends[0], F_SETFL, O_NONBLOCK);
  return Unit{};
}

Status ReadinessChannel::open_socket() {
  tethers_end_.reset(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const int on = 1;
  if (!tethers_end_ ||
      ::setsockopt(tethers_end_.get(), SOL_SOCKET, SO_PASSCRED, &on, sizeof on) != 0)
    return descriptor_failure(errno, "--notify");
  for (const std::string& directory : socket_directories())
    if (bind_in(directory)) return Unit{};
  // The kernel picks a free abstract name (unix(7), autobind).
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  socklen_t size = sizeof name;
  if (::bind(tethers_end_.get(), reinterpret_cast<sockaddr*>(&name), sizeof name.sun_family) != 0 ||
      ::getsockname(tethers_end_.get(), reinterpret_cast<sockaddr*>(&name), &size) != 0)
    return descriptor_failure(errno, "--notify");
  const std::size_t length = size - offsetof(sockaddr_un, sun_path) - 1;
  address_ = "@" + std::string(name.sun_path + 1, length);
  return Unit{};
}

bool ReadinessChannel::bind_in(const std::string& directory) {
  std::string made = fmt::format("{}/tether.XXXXXX", directory);
  const std::string file_name = "/notify";
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  if (directory.empty() || directory.front() != '/' ||
      made.size() + file_name.size() >= sizeof name.sun_path || ::mkdtemp(made.data()) == nullptr)
    return false;
  const std::string path = made + file_name;
  std::memcpy(name.sun_path, path.data(), path.size());
  // Every user may write to the socket: the credentials show which one did.
  const UniqueFd own(::open(made.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!own || ::bind(tethers_end_.get(), reinterpret_cast<sockaddr*>(&name), sizeof name) != 0 ||
      ::fchmodat(own.get(), file_name.c_str() + 1, 0666, 0) != 0 ||
      ::fchmod(own.get(), 0711) != 0) {
    (void)::unlink(path.c_str());
    (void)::rmdir(made.c_str());
    return false;
  }
  directory_ = made;
  address_ = path;
  return true;
}

void ReadinessChannel::give_to(Launch& launch) const {
  if (how_.kind == Notify::Kind::socket) {
    launch.add_variable({"NOTIFY_SOCKET", address_});
  } else {
    launch.add_redirection({childs_end_.get(), how_.fd});
  }
}

std::optional<NotifyMessage> ReadinessChannel::next() {
  if (!tethers_end_ || at_end_) return std::nullopt;
  return how_.kind == Notify::Kind::socket ? next_datagram() : next_line();
}

std::optional<NotifyMessage> ReadinessChannel::next_line() {
  std::array<char, 512> text;
  const ssize_t size = ::read(tethers_end_.get(), text.data(), text.size());
  if (size < 0) return std::nullopt;
  at_end_ = size == 0;
  NotifyMessage message;
  message.ready = is_ready_line({text.data(), static_cast<std::size_t>(size)});
  return message;
}

std::optional<NotifyMessage> ReadinessChannel::next_datagram() {
  std::array<char, longest_message> text;
  alignas(cmsghdr)
      std::array<char, CMSG_SPACE(sizeof(ucred)) + CMSG_SPACE(most_descriptors * sizeof(int))>
          control;
  iovec part{text.data(), text.size()};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control.data();
  header.msg_controllen = control.size();
  const ssize_t size = ::recvmsg(tethers_end_.get(), &header, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
  if (size < 0) return std::nullopt;
  uid_t uid = static_cast<uid_t>(-1);
  sender_ = take_control_data(header, uid);
  const bool is_trusted =
      uid == 0 || uid == ::geteuid() || (sender_ > 0 && is_descendant(sender_, ::getpid()));
  const bool is_whole = (header.msg_flags & MSG_TRUNC) == 0;
  if (!is_trusted || !is_whole) return NotifyMessage{};
  return parse_notify_message({text.data(), static_cast<std::size_t>(size)});
}

void ReadinessChannel::linger(pid_t child) {
  if (!tethers_end_ || how_.kind != Notify::Kind::socket) return;
  const bool has_helper = sender_ > 0 && sender_ != child;
  const UniqueFd helper(has_helper ? open_pidfd(sender_) : -1);
  // The sender has ended: all its messages are in the queue.
  bool done = has_helper && !helper;
  const auto end = Clock::now() + longest_linger;
  while (!done) {
    PollSet watched;
    const auto channel = watched.add(tethers_end_.get());
    const auto helpers_end = watched.add(helper.get());
    const auto left = time_until(end);
    done = left.count() == 0 || !watched.wait(poll_timeout(left)) || !watched.is_ready(channel) ||
           watched.is_ready(helpers_end);
    while (const auto message = next()) done = done || message->barrier;
  }
}

void ReadinessChannel::close() {
  if (tethers_end_ && !directory_.empty()) {
    (void)::unlink(address_.c_str());
    (void)::rmdir(directory_.c_str());
  }
  tethers_end_.reset();
  childs_end_.reset();
}

}  // namespace tether
