#include "report/reporter.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "report/messages.hpp"
#include "sys/deadline.hpp"
#include "sys/paths.hpp"
#include "sys/signals.hpp"

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

bool is_writable(int fd) {
  const int flags = ::fcntl(fd, F_GETFL);
  return flags >= 0 && (flags & O_PATH) == 0 && (flags & O_ACCMODE) != O_RDONLY;
}

std::string status_fd_name(int fd) {
  return fmt::format("--status-fd={}", fd);
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
  while (!pending_.empty() && (!looks_first_ || has_event(fd_, POLLOUT))) {
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

Status check_record_descriptors(const Options& options, const CallersDescriptors& callers) {
  if ((options.json || options.print_pid) && !is_writable(STDOUT_FILENO))
    return Failure{
        .stage = Stage::descriptor,
        .error_number = EBADF,
        .detail = "standard output",
        .hint = options.json ? "--status-fd and --status-file take the records elsewhere" : ""};
  const auto& fd = options.status_fd;
  if (!fd || (callers.has(*fd) && is_writable(*fd))) return Unit{};
  return Failure{.stage = Stage::descriptor, .error_number = EBADF, .detail = status_fd_name(*fd)};
}

Status Reporter::open(const Options& options, const CallersDescriptors& callers) {
  if (Status checked = check_record_descriptors(options, callers); !checked.ok()) return checked;
  if (options.json) stream_on(STDOUT_FILENO, "standard output").gets_records = true;
  if (options.status_fd) {
    // A copy in COMMAND would keep the reader from the end of file.
    withhold(*options.status_fd);
    stream_on(*options.status_fd, status_fd_name(*options.status_fd)).gets_records = true;
  }
  if (options.status_file) return open_status_file(*options.status_file);
  return Unit{};
}

Status Reporter::open_status_file(const std::string& path) {
  struct stat file {};
  const bool exists = ::stat(path.c_str(), &file) == 0;
  if (exists && S_ISDIR(file.st_mode))
    return Failure{.stage = Stage::record, .error_number = EISDIR, .path = path};
  const std::string resolved = resolve(path);
  const bool is_descriptor = resolved.rfind("/proc/", 0) == 0;
  if (exists && (is_descriptor || !S_ISREG(file.st_mode))) {
    // The open of a FIFO waits for a reader, as in a shell's redirection.
    device_.reset(open_path(path, O_WRONLY | O_APPEND | O_NOCTTY));
    if (!device_) return Failure{.stage = Stage::record, .error_number = errno, .path = path};
    stream_on(device_.get(), path).gets_records = true;
    return Unit{};
  }
  Result<StatusFile> prepared = StatusFile::prepare(resolved);
  if (!prepared.ok()) return prepared.failure();
  file_.emplace(std::move(prepared.value()));
  return Unit{};
}

Stream& Reporter::stream_on(int fd, std::string name) {
  for (Stream& stream : streams_)
    if (stream.fd() == fd) return stream;
  return streams_.emplace_back(fd, std::move(name));
}

bool Reporter::wants_records() const {
  return file_.has_value() || std::any_of(streams_.begin(), streams_.end(),
                                          [](const Stream& s) { return s.gets_records; });
}

void Reporter::to_status_file(const std::string& line) {
  if (!file_) return;
  if (Status replaced = file_->replace_with(line); !replaced.ok()) say(replaced.failure());
}

void Reporter::to_streams(const std::string& line) {
  for (Stream& stream : streams_)
    if (stream.gets_records) stream.queue(line);
  flush();
}

void Reporter::everywhere(const std::string& line) {
  to_status_file(line);
  to_streams(line);
}

void Reporter::error(const std::string& line) {
  if (file_) file_->forget();
  everywhere(line);
  abandon();  // tether exits
}

void Reporter::pid(pid_t pid) {
  stream_on(STDOUT_FILENO, "standard output").queue(fmt::format("{}\n", pid));
  flush();
}

void Reporter::add_to(PollSet& watched) const {
  for (const Stream& stream : streams_)
    if (stream.has_pending()) (void)watched.add(stream.fd(), POLLOUT);
}

void Reporter::flush() {
  for (Stream& stream : streams_) stream.flush();
}

void Reporter::abandon() {
  for (Stream& stream : streams_)
    if (stream.has_pending()) stream.give_up(EAGAIN);
}

void Reporter::finish_while(const std::function<bool()>& is_unfinished, int signals) {
  flush();
  while (is_unfinished()) {
    PollSet watched;
    (void)watched.add(signals);
    add_to(watched);
    if (!watched.wait(-1) && errno != EINTR) abandon();
    while (const auto signal = next_signal(signals))
      if (asks_to_end(signal->number)) abandon();
    flush();
  }
}

void Reporter::finish(int signals) {
  finish_while([this] { return has_pending(); }, signals);
}

void Reporter::finish_output(int signals) {
  const auto is_output = [](const Stream& stream) { return stream.fd() == STDOUT_FILENO; };
  const auto output = std::find_if(streams_.begin(), streams_.end(), is_output);
  if (output == streams_.end()) return;
  finish_while([&] { return output->has_pending(); }, signals);
  streams_.erase(output);
}

bool Reporter::has_pending() const {
  return std::any_of(streams_.begin(), streams_.end(),
                     [](const Stream& stream) { return stream.has_pending(); });
}

}  // namespace tether
