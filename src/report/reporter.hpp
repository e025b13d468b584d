// Where records go: standard output, a descriptor, a file. A stream without room for a record keeps
// nobody waiting while the child runs, and no failure to write ends anything: it is said once on
// standard error.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "failure.hpp"
#include "policy/options.hpp"
#include "report/replacement_file.hpp"
#include "sys/descriptors.hpp"
#include "sys/poll_set.hpp"
#include "sys/unique_fd.hpp"

namespace tether {

// A descriptor that lines are written to, in order, each in one write when there is room for it.
class Stream {
 public:
  // `fd` stays the caller's; `name` is for messages.
  Stream(int fd, std::string name);
  void queue(std::string line);
  // Writes what fits without blocking.
  void flush();
  // Drops what is unwritten, and everything later; says why.
  void give_up(int error_number);
  [[nodiscard]] bool has_pending() const { return !pending_.empty(); }
  [[nodiscard]] int fd() const { return fd_; }

  bool gets_records = false;

 private:
  [[nodiscard]] ssize_t write_some(const std::string& line) const;

  int fd_;
  UniqueFd own_;  // the same, opened again; empty where nobody's writing can get in our way
  bool is_socket_ = false;
  bool looks_first_ = true;  // a write could block
  std::string name_;
  std::vector<std::string> pending_;
  bool broken_ = false;
};

// A file that holds all records so far and is replaced whole by each new state, so that a reader
// finds it complete or not there.
class StatusFile {
 public:
  // `path` leads through no link. Makes sure that the file can be replaced: makes the first
  // replacement beside it, still empty.
  static Result<StatusFile> prepare(const std::string& path);

  // Appends `line` and puts a new file in the place of the old one.
  Status replace_with(const std::string& line);
  // Forgets the records so far: what follows replaces them.
  void forget() { content_.clear(); }

 private:
  explicit StatusFile(std::string path) : path_(std::move(path)) {}
  Status open_replacement();
  void keep_attributes() const;

  std::string path_;
  std::string content_;
  bool is_ours_ = false;  // what stands there now is of this run
  bool is_broken_ = false;
  ReplacementFile replacement_;
};

// Whether the descriptors that records are asked for on can be written to.
Status check_record_descriptors(const Options& options, const CallersDescriptors& callers);

class Reporter {
 public:
  // Checks and opens what `options` name, so that nothing fails later that could fail now; what was
  // opened before a failure can carry its record. The status descriptor is made close-on-exec:
  // COMMAND never holds it.
  Status open(const Options& options, const CallersDescriptors& callers);

  [[nodiscard]] bool wants_records() const;
  // A status file holds the start record before COMMAND runs, and so has to be written then.
  [[nodiscard]] bool has_status_file() const { return file_.has_value(); }

  void to_status_file(const std::string& line);
  void to_streams(const std::string& line);
  void everywhere(const std::string& line);
  // An error is the only record: the exec that a status file spoke of did not happen.
  void error(const std::string& line);
  void pid(pid_t pid);

  // For the caller's poll: the streams that wait for room.
  void add_to(PollSet& watched) const;
  void flush();
  // What is still unwritten, when the caller must leave: said, and dropped.
  void abandon();
  // Waits until all is written; a TERM, INT, HUP or QUIT that arrives on `signals` (signalfd(2))
  // gives up.
  void finish(int signals);
  // The same for standard output alone, which is somebody else's from then on.
  void finish_output(int signals);

 private:
  [[nodiscard]] bool has_pending() const;
  // Waits for as long as `is_unfinished`.
  void finish_while(const std::function<bool()>& is_unfinished, int signals);
  Stream& stream_on(int fd, std::string name);
  Status open_status_file(const std::string& path);

  std::vector<Stream> streams_;
  UniqueFd device_;  // a status "file" that is a FIFO or a device
  std::optional<StatusFile> file_;
};

}  // namespace tether
