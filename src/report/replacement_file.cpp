#include "report/replacement_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "sys/descriptors.hpp"

namespace tether {
namespace {

// The file `fd` gets the owner, group and mode of that at `path`, as far as tether may set them.
void keep_attributes(const std::string& path, int fd) {
  struct stat old {};
  if (::stat(path.c_str(), &old) != 0) return;
  if (old.st_uid != ::geteuid() || old.st_gid != ::getegid())
    (void)!::fchown(fd, old.st_uid, old.st_gid);
  (void)::fchmod(fd, old.st_mode & 0777);
}

}  // namespace

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

Result<StatusFile> StatusFile::prepare(const std::string& path) {
  StatusFile file(path);
  if (Status opened = file.open_replacement(); !opened.ok()) return opened.failure();
  return file;
}

Status StatusFile::open_replacement() {
  if (!replacement_.open(path_, 0666))
    return Failure{.stage = Stage::record, .error_number = errno, .path = path_};
  keep_attributes(path_, replacement_.fd());
  return Unit{};
}

Status StatusFile::replace_with(const std::string& line) {
  if (is_broken_) return Unit{};
  content_ += line;
  if (!replacement_)
    if (Status opened = open_replacement(); !opened.ok()) {
      is_broken_ = true;
      return opened;
    }
  if (replacement_.commit(content_)) {
    is_of_this_run_ = true;
    return Unit{};
  }
  const int error_number = errno;
  is_broken_ = true;
  // A file of an earlier run must not pass for one of this run.
  if (!is_of_this_run_) (void)::unlink(path_.c_str());
  return Failure{.stage = Stage::record, .error_number = error_number, .path = path_};
}

}  // namespace tether
