// Where records go: standard output, a descriptor, a file. A write error ends nothing: it is
// reported once on standard error.
#pragma once

#include <sys/types.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "failure.hpp"
#include "policy/options.hpp"
#include "report/replacement_file.hpp"
#include "sys/deadline.hpp"
#include "sys/descriptors.hpp"
#include "sys/unique_fd.hpp"

namespace tether {

// A Failure (Stage::descriptor) if a descriptor that is to get records cannot be written to.
Status check_record_descriptors(const Options& options, const CallersDescriptors& callers);

// A descriptor that tether writes lines to, in order, each in one write(2) where there is room for
// it. A line without room is kept, so that writing does not delay tether while the child runs.
class Stream {
 public:
  // `fd` stays the caller's; `name` is for messages.
  Stream(int fd, std::string name);
  void queue(std::string line);
  // Writes what fits without blocking. A write error gives the stream up.
  void flush();
  // Reports `error_number` on standard error. Drops what is unwritten, and everything later.
  void give_up(int error_number);
  [[nodiscard]] bool has_pending() const { return !pending_.empty(); }
  [[nodiscard]] int fd() const { return fd_; }

  bool gets_records = false;

 private:
  [[nodiscard]] ssize_t write_some(const std::string& line) const;

  int fd_;
  UniqueFd own_;  // the same file, opened again as O_NONBLOCK; empty if not needed or not possible
  bool is_socket_ = false;
  bool looks_first_ = true;  // a write could block: poll(2) first
  std::string name_;
  std::vector<std::string> pending_;
  bool broken_ = false;
};

class Reporter {
 public:
  // Checks and opens what `options` name. What was opened before a Failure can carry its record.
  // The status descriptor stays the caller's; it becomes close-on-exec: COMMAND never holds it.
  Status open(const Options& options, const CallersDescriptors& callers);

  [[nodiscard]] bool wants_records() const;
  // A status file has to hold the start record before COMMAND runs.
  [[nodiscard]] bool has_status_file() const { return file_.has_value(); }

  void to_status_file(const std::string& line);
  void to_streams(const std::string& line);
  void everywhere(const std::string& line);
  // An error replaces the records of a status file: the exec that they report did not happen.
  void error(const std::string& line);
  void pid(pid_t pid);

  // Adds the streams that wait for room.
  void add_to(PollSet& watched) const;
  void flush();
  // Drops what is still unwritten, and reports that on standard error.
  void abandon();
  // Waits until all is written, or until TERM, INT, HUP or QUIT comes on `signals` (signalfd(2)).
  void finish(int signals);
  // The same for standard output alone, which gets nothing afterwards.
  void finish_output(int signals);

 private:
  [[nodiscard]] bool has_pending() const;
  void finish_while(const std::function<bool()>& is_unfinished, int signals);
  Stream& stream_on(int fd, std::string name);
  Status open_status_file(const std::string& path);

  std::vector<Stream> streams_;
  UniqueFd device_;  // a status "file" that is a FIFO or a device
  std::optional<StatusFile> file_;
};

}  // namespace tether
