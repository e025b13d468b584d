#include "report/stream.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <utility>

#include "report/messages.hpp"
#include "sys/deadline.hpp"

namespace tether {
namespace {

constexpr unsigned memory_devices = 1;  // the major number of /dev/null and its like

bool never_blocks(const struct stat& what) {
  return S_ISREG(what.st_mode) || (S_ISCHR(what.st_mode) && major(what.st_rdev) == memory_devices);
}

// COMMAND may fill the same pipe or terminal between tether's poll and its write, which would block
// all of tether. O_NONBLOCK belongs to the open file description, which COMMAND shares (open(2)):
// tether opens the file again. Where it cannot (no /proc, another user's pipe), the poll has to do.
UniqueFd open_again(int fd, const struct stat& what) {
  if (!S_ISFIFO(what.st_mode) && !S_ISCHR(what.st_mode)) return {};
  return UniqueFd(::open(fmt::format("/proc/self/fd/{}", fd).c_str(),
                         O_WRONLY | O_NONBLOCK | O_APPEND | O_CLOEXEC | O_NOCTTY));
}

bool has_room(int fd) {
  return has_event(fd, POLLOUT);
}

}  // namespace

Stream::Stream(int fd, std::string name) : fd_(fd), name_(std::move(name)) {
  struct stat what {};
  if (::fstat(fd, &what) != 0) return;
  is_socket_ = S_ISSOCK(what.st_mode);
  if (!never_blocks(what)) own_ = open_again(fd, what);
  looks_first_ = !own_ && !is_socket_ && !never_blocks(what);
}

ssize_t Stream::write_some(const std::string& line) const {
  if (is_socket_) return ::send(fd_, line.data(), line.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  return ::write(own_ ? own_.get() : fd_, line.data(), line.size());
}

void Stream::queue(std::string line) {
  if (!broken_) pending_.push_back(std::move(line));
}

void Stream::flush() {
  while (!pending_.empty() && (!looks_first_ || has_room(fd_))) {
    std::string& line = pending_.front();
    const ssize_t written = write_some(line);
    if (written < 0) {
      if (errno == EINTR) continue;
      if (errno == EAGAIN) return;
      give_up(errno);
    } else if (static_cast<std::size_t>(written) < line.size()) {
      line.erase(0, static_cast<std::size_t>(written));
    } else {
      pending_.erase(pending_.begin());
    }
  }
}

void Stream::give_up(int error_number) {
  say(Failure{.stage = Stage::record,
              .error_number = error_number,
              .detail = (gets_records ? "records to " : "to ") + name_});
  pending_.clear();
  broken_ = true;
}

}  // namespace tether
