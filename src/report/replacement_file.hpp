// A file that is replaced whole, by rename(2): a reader finds the old one or the new one, never a
// part of one.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <utility>

#include "failure.hpp"
#include "sys/unique_fd.hpp"

namespace tether {

class ReplacementFile {
 public:
  ReplacementFile() = default;
  // What was moved from has no descriptor, and removes nothing.
  ReplacementFile(ReplacementFile&& other) = default;
  // Removes the temporary file unless it was committed.
  ~ReplacementFile() { discard(); }

  // Makes an empty temporary file beside `path`, which leads through no link; its mode is `mode`
  // less the umask. False and errno on failure.
  bool open(const std::string& path, mode_t mode);
  [[nodiscard]] explicit operator bool() const { return static_cast<bool>(fd_); }
  [[nodiscard]] int fd() const { return fd_.get(); }

  // Writes the content, renames the file to `path` and closes it. False and errno on failure, with
  // `path` unchanged and the temporary file removed.
  bool commit(std::string_view content);

 private:
  void discard();

  std::string path_;
  std::string temporary_path_;
  UniqueFd fd_;
};

// The file of --status-file: holds all records so far and is replaced whole by each new state.
class StatusFile {
 public:
  // `path` leads through no link. Makes the first temporary file beside it. Failure: Stage::record.
  static Result<StatusFile> prepare(const std::string& path);

  // Appends `line` and replaces the file. After a Failure further calls do nothing.
  Status replace_with(const std::string& line);
  // Forgets the records so far: the next line replaces them.
  void forget() { content_.clear(); }

 private:
  explicit StatusFile(std::string path) : path_(std::move(path)) {}
  Status open_replacement();

  std::string path_;
  std::string content_;
  bool is_of_this_run_ = false;  // the file that is at `path_`
  bool is_broken_ = false;
  ReplacementFile replacement_;
};

}  // namespace tether
