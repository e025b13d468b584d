// The file of --status-file: holds all records so far and is replaced whole by each new state, so
// that a reader finds it complete or not at all.
#pragma once

#include <string>
#include <utility>

#include "failure.hpp"
#include "report/replacement_file.hpp"

namespace tether {

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
  void keep_attributes() const;

  std::string path_;
  std::string content_;
  bool is_of_this_run_ = false;  // the file that is at `path_`
  bool is_broken_ = false;
  ReplacementFile replacement_;
};

}  // namespace tether
