#include "report/replacement_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <utility>

#include "sys/descriptors.hpp"

namespace tether {

ReplacementFile::ReplacementFile(ReplacementFile&& other) noexcept
    : path_(std::move(other.path_)),
      temporary_path_(std::move(other.temporary_path_)),
      fd_(std::move(other.fd_)) {}

ReplacementFile& ReplacementFile::operator=(ReplacementFile&& other) noexcept {
  if (this == &other) return *this;
  discard();
  path_ = std::move(other.path_);
  temporary_path_ = std::move(other.temporary_path_);
  fd_ = std::move(other.fd_);
  return *this;
}

bool ReplacementFile::open(const std::string& path, mode_t mode) {
  path_ = path;
  // In the same directory, for the rename; the pid separates two tethers.
  for (int attempt = 0; attempt < 100; ++attempt) {
    temporary_path_ = fmt::format("{}.{}.{}", path, ::getpid(), attempt);
    fd_.reset(::open(temporary_path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
                     mode));
    if (fd_) return true;
    if (errno != EEXIST) break;
  }
  return false;
}

bool ReplacementFile::commit(std::string_view content) {
  const bool done =
      write_all(fd_.get(), content) && ::rename(temporary_path_.c_str(), path_.c_str()) == 0;
  const int error_number = errno;
  if (done) fd_.reset();
  discard();
  errno = error_number;
  return done;
}

void ReplacementFile::discard() {
  if (!fd_) return;
  (void)::unlink(temporary_path_.c_str());
  fd_.reset();
}

}  // namespace tether
