// A file that is replaced whole: a reader finds the old one or the new one, never half of one.
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
  // Removes what was not committed.
  ~ReplacementFile() { discard(); }

  // Makes an empty file beside `path` (which leads through no link), mode `mode` less the umask.
  // False and errno on failure.
  bool open(const std::string& path, mode_t mode);
  [[nodiscard]] explicit operator bool() const { return static_cast<bool>(fd_); }
  [[nodiscard]] int fd() const { return fd_.get(); }

  // Writes the content and puts the file in the place of `path`. False and errno on failure, and
  // nothing has changed.
  bool commit(std::string_view content);

 private:
  void discard();

  std::string path_;
  std::string temporary_path_;
  UniqueFd fd_;
};

}  // namespace tether
