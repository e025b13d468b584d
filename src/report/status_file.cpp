#include "report/status_file.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace tether {

Result<StatusFile> StatusFile::prepare(const std::string& path) {
  StatusFile file(path);
  if (Status opened = file.open_replacement(); !opened.ok()) return opened.failure();
  return file;
}

Status StatusFile::open_replacement() {
  if (!replacement_.open(path_, 0666))
    return Failure{.stage = Stage::record, .error_number = errno, .path = path_};
  keep_attributes();
  return Unit{};
}

// The new file gets the owner, group and mode of the old one, as far as tether may set them.
void StatusFile::keep_attributes() const {
  struct stat old {};
  if (::stat(path_.c_str(), &old) != 0) return;
  if (old.st_uid != ::geteuid() || old.st_gid != ::getegid())
    (void)!::fchown(replacement_.fd(), old.st_uid, old.st_gid);
  (void)::fchmod(replacement_.fd(), old.st_mode & 0777);
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
