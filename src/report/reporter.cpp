#include "report/reporter.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "report/messages.hpp"
#include "sys/paths.hpp"
#include "sys/signals.hpp"

namespace tether {
namespace {

// 0, or EBADF if `fd` cannot be written to.
int writing_error(int fd) {
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags < 0 || (flags & O_PATH) != 0 || (flags & O_ACCMODE) == O_RDONLY) return EBADF;
  return 0;
}

std::string status_fd_name(int fd) {
  return fmt::format("--status-fd={}", fd);
}

}  // namespace

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
    device_.reset(::open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC | O_NOCTTY));
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
