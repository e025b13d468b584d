// Where records go: standard output, a descriptor, a file. A stream without room does not delay
// tether while the child runs. A write error ends nothing: it is reported once on standard error.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "failure.hpp"
#include "policy/options.hpp"
#include "report/status_file.hpp"
#include "report/stream.hpp"
#include "sys/descriptors.hpp"
#include "sys/poll_set.hpp"
#include "sys/unique_fd.hpp"

namespace tether {

// A Failure (Stage::descriptor) if a descriptor that is to get records cannot be written to.
Status check_record_descriptors(const Options& options, const CallersDescriptors& callers);

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
