#include "setup/tie_watch.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "sys/pidfd.hpp"

namespace tether {
namespace {

// No event tells when COMMAND has read the data that is left.
constexpr std::chrono::milliseconds look_interval{50};

Failure tie_failure(int error_number, std::string detail) {
  return Failure{.stage = Stage::tie, .error_number = error_number, .detail = std::move(detail)};
}

// Whether poll(2) reports a hang-up: not for a file, a directory, or a device but a terminal.
bool can_hang_up(int fd) {
  struct stat what {};
  if (::fstat(fd, &what) != 0) return true;
  if (S_ISCHR(what.st_mode)) return ::isatty(fd) != 0;
  return !S_ISREG(what.st_mode) && !S_ISDIR(what.st_mode) && !S_ISBLK(what.st_mode);
}

}  // namespace

Status TieWatch::open(const Options& options, pid_t parent, const CallersDescriptors& callers) {
  Status opened = Unit{};
  if (options.die_with_parent) opened = open_parent(parent);
  for (const ProcessName& name : options.die_with)
    if (opened.ok()) opened = open_process(name);
  if (options.die_on_eof && opened.ok()) opened = open_descriptor(*options.die_on_eof, callers);
  return opened;
}

Status TieWatch::open_parent(pid_t parent) {
  if (parent == 0)
    return Failure{.stage = Stage::tie,
                   .detail = "--die-with-parent: the parent is in another PID namespace",
                   .hint = "use --die-on-eof with a pipe that the parent holds open"};
  UniqueFd pidfd(open_pidfd(parent));
  // The caller has died.
  if (!pidfd || has_ended(pidfd.get())) return tie_failure(ESRCH, "--die-with-parent");
  processes_.push_back({std::move(pidfd), Cause::parent});
  return Unit{};
}

Status TieWatch::open_process(const ProcessName& name) {
  const std::string option = fmt::format("--die-with-pid={}", name.pid);
  UniqueFd pidfd(open_pidfd(name.pid));
  if (!pidfd) return tie_failure(errno, option);
  if (has_ended(pidfd.get())) return tie_failure(ESRCH, option);
  const auto inode = pidfs_inode(pidfd.get());
  if (name.inode && !inode)
    return Failure{.stage = Stage::tie,
                   .detail = option + ": this kernel has no inodes of processes",
                   .hint = "Linux 6.9 and later have them"};
  if (name.inode && inode != name.inode)
    return Failure{.stage = Stage::tie,
                   .detail = option + ": another process has this PID now",
                   .hint = "the process with that inode has ended"};
  processes_.push_back({std::move(pidfd), Cause::pid});
  return Unit{};
}

Status TieWatch::open_descriptor(int fd, const CallersDescriptors& callers) {
  const std::string option = fmt::format("--die-on-eof={}", fd);
  if (!callers.has(fd)) return tie_failure(EBADF, option);
  if (!can_hang_up(fd))
    return Failure{.stage = Stage::tie,
                   .detail = option + ": not a pipe, a socket or a terminal",
                   .hint = "use the reading end of a pipe that another process holds open"};
  // With a copy in COMMAND the process at the other end would not see that tether has ended.
  withhold(fd);
  eof_fd_ = fd;
  return Unit{};
}

void TieWatch::begin(Duration timeout) {
  if (!has_begun_ && timeout != never) deadline_ = Clock::now() + timeout;
  has_begun_ = true;
}

void TieWatch::add_to(PollSet& watched) {
  for (Process& process : processes_) process.token = watched.add(process.pidfd.get());
  // With data left to read, the hang-up would end each poll at once: look_again_ is used instead.
  eof_token_ = watched.add(look_again_ ? -1 : eof_fd_, POLLRDHUP);
}

std::optional<Cause> TieWatch::reason(const PollSet& watched) {
  const auto now = Clock::now();
  for (const Process& process : processes_)
    if (watched.is_ready(process.token)) {
      const Cause cause = process.cause;
      processes_.clear();
      return cause;
    }
  if (eof_fd_ >= 0 && is_at_end(watched.events_of(eof_token_))) {
    eof_fd_ = -1;
    look_again_.reset();
    return Cause::eof;
  }
  if (!deadline_ || now < *deadline_) return std::nullopt;
  deadline_.reset();
  return Cause::timeout;
}

// Reads nothing: the data that is left is for COMMAND.
bool TieWatch::is_at_end(short events) {
  const bool was_hung_up = look_again_.has_value();
  if (was_hung_up && Clock::now() < *look_again_) return false;
  if (!was_hung_up && (events & (POLLHUP | POLLRDHUP | POLLERR)) == 0) return false;
  int left = 0;
  if (::ioctl(eof_fd_, FIONREAD, &left) != 0 || left == 0) return true;
  look_again_ = Clock::now() + look_interval;
  return false;
}

std::optional<Clock::time_point> TieWatch::next_look() const {
  if (deadline_ && look_again_) return std::min(*deadline_, *look_again_);
  return deadline_ ? deadline_ : look_again_;
}

}  // namespace tether
