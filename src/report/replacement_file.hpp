// A file that is replaced whole, by rename(2): a reader finds the old one or the new one, never a
// part of one.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "sys/unique_fd.hpp"

namespace tether {

class ReplacementFile {
 public:
  ReplacementFile() = default;
  ReplacementFile(ReplacementFile&& other) noexcept;
  ReplacementFile& operator=(ReplacementFile&& other) noexcept;
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

}  // namespace tether
