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

constexpr mode_t file_mode = 0666;  // less the umask

Failure record_failure(int error_number, std::string path, std::string detail = {}) {
  return Failure{.stage = Stage::record,
                 .error_number = error_number,
                 .path = std::move(path),
                 .detail = std::move(detail)};
}

// 0, or what is wrong with writing to `fd`.
int writing_error(int fd) {
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags < 0 || (flags & O_PATH) != 0 || (flags & O_ACCMODE) == O_RDONLY) return EBADF;
  return 0;
}

constexpr unsigned memory_devices = 1;  // the major number of /dev/null and its like

bool never_blocks(const struct stat& what) {
  return S_ISREG(what.st_mode) || (S_ISCHR(what.st_mode) && major(what.st_rdev) == memory_devices);
}

// COMMAND may write to the same pipe or terminal between our look and our write, which would block
// then and with it all that tether watches. O_NONBLOCK belongs to the open file, which is COMMAND's
// as well: so one of our own. Where there is none to be had (no /proc, somebody else's pipe) the
// look has to do.
UniqueFd open_again(int fd, const struct stat& what) {
  if (!S_ISFIFO(what.st_mode) && !S_ISCHR(what.st_mode)) return {};
  return UniqueFd(::open(fmt::format("/proc/self/fd/{}", fd).c_str(),
                         O_WRONLY | O_NONBLOCK | O_APPEND | O_CLOEXEC | O_NOCTTY));
}

std::string status_fd_name(int fd) {
  return fmt::format("--status-fd={}", fd);
}

bool has_room(int fd) {
  return await(fd, std::chrono::milliseconds(0), POLLOUT) == Awaited::ready;
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
  say(record_failure(error_number, {}, (gets_records ? "records to " : "to ") + name_));
  pending_.clear();
  broken_ = true;
}

Result<StatusFile> StatusFile::prepare(const std::string& path) {
  StatusFile file(path);
  if (Status opened = file.open_replacement(); !opened.ok()) return opened.failure();
  return file;
}

Status StatusFile::open_replacement() {
  if (!replacement_.open(path_, file_mode)) return record_failure(errno, path_);
  keep_attributes();
  return Unit{};
}

// Who could read the old file, and nobody else, can read the new one.
void StatusFile::keep_attributes() const {
  struct stat old {};
  if (::stat(path_.c_str(), &old) != 0) return;
  if (old.st_uid != ::geteuid() || old.st_gid != ::getegid())
    (void)!::fchown(replacement_.fd(), old.st_uid, old.st_gid);
  (void)::fchmod(replacement_.fd(), old.st_mode & 0777);
}

Status StatusFile::replace_with(const std::string& line) {
  if (is_broken_) return Unit{};  // has been said
  content_ += line;
  if (!replacement_)
    if (Status opened = open_replacement(); !opened.ok()) {
      is_broken_ = true;
      return opened;
    }
  if (replacement_.commit(content_)) {
    is_ours_ = true;
    return Unit{};
  }
  const int error_number = errno;
  is_broken_ = true;
  // Rather no file than one of an earlier run that looks like this one's.
  if (!is_ours_) (void)::unlink(path_.c_str());
  return record_failure(error_number, path_);
}

Status check_record_descriptors(const Options& options, const CallersDescriptors& callers) {
  if (options.json || options.print_pid)
    if (const int error = writing_error(STDOUT_FILENO); error != 0)
      return Failure{
          .stage = Stage::descriptor,
          .error_number = error,
          .detail = "standard output",
          .hint = options.json ? "--status-fd and --status-file take the records elsewhere" : ""};
  if (!options.status_fd) return Unit{};
  const int fd = *options.status_fd;
  const int error = callers.has(fd) ? writing_error(fd) : EBADF;
  if (error == 0) return Unit{};
  return Failure{.stage = Stage::descriptor, .error_number = error, .detail = status_fd_name(fd)};
}

Status Reporter::open(const Options& options, const CallersDescriptors& callers) {
  if (Status checked = check_record_descriptors(options, callers); !checked.ok()) return checked;
  if (options.json) stream_on(STDOUT_FILENO, "standard output").gets_records = true;
  if (options.status_fd) {
    // A copy would keep a reader from the end of file.
    withhold(*options.status_fd);
    stream_on(*options.status_fd, status_fd_name(*options.status_fd)).gets_records = true;
  }
  if (options.status_file) return open_status_file(*options.status_file);
  return Unit{};
}

Status Reporter::open_status_file(const std::string& path) {
  struct stat file {};
  const bool exists = ::stat(path.c_str(), &file) == 0;
  if (exists && S_ISDIR(file.st_mode)) return record_failure(EISDIR, path);
  const std::string resolved = resolve(path);
  const bool is_descriptor = resolved.rfind("/proc/", 0) == 0;
  if (exists && (is_descriptor || !S_ISREG(file.st_mode))) {
    // A FIFO waits here for its reader, as in a shell's redirection.
    device_.reset(::open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC | O_NOCTTY));
    if (!device_) return record_failure(errno, path);
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
  abandon();  // nobody stays to write it later
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
