#include "folder.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>

namespace survivors {
namespace {

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

}  // namespace

Folder::Folder(const std::string& name) {
  std::string made = (std::filesystem::temp_directory_path() / (name + "-XXXXXX")).string();
  if (::mkdtemp(made.data()) == nullptr) fail("mkdtemp");
  path_ = made;
}

Folder::~Folder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

const std::set<std::string>& family_roles() {
  static const std::set<std::string> roles{"child",    "group",  "deaf", "session1",
                                           "session2", "daemon", "comet"};
  return roles;
}

Lifeline::Lifeline(const std::string& path) {
  if (::mkfifo(path.c_str(), 0600) != 0) fail("mkfifo");
  reading_.reset(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (!reading_) fail("open the FIFO");
}

bool Lifeline::has_hung_up() const {
  pollfd watched = hang_up();
  return ::poll(&watched, 1, 0) > 0 && (watched.revents & POLLHUP) != 0;
}

FamilyFolder::FamilyFolder()
    : folder_("survivors"), all_(path() + "/alive"), child_(path() + "/alive.child") {}

bool FamilyFolder::are_all_up() const {
  const std::set<std::string>& roles = family_roles();
  return std::all_of(roles.begin(), roles.end(), [this](const std::string& role) {
    return ::access((path() + "/up." + role).c_str(), F_OK) == 0;
  });
}

}  // namespace survivors
