#include "sys/paths.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <cstdlib>
#include <memory>
#include <string_view>

#include "numbers.hpp"
#include "sys/descriptors.hpp"

namespace tether {
namespace {

constexpr int most_links = 40;  // the kernel's limit (path_resolution(7))

struct FreeMemory {
  void operator()(char* memory) const { std::free(memory); }
};

std::string real_directory_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const std::string directory =
      slash == std::string::npos ? "." : path.substr(0, std::max<std::size_t>(slash, 1));
  const std::unique_ptr<char, FreeMemory> resolved(::realpath(directory.c_str(), nullptr));
  return resolved ? resolved.get() : directory;
}

// The target of a symbolic link; empty if `path` is none. Not inlined: the keeper's stack would
// keep these pages.
[[gnu::noinline]] std::string target_of(const std::string& path) {
  std::array<char, PATH_MAX> target;
  const ssize_t size = ::readlink(path.c_str(), target.data(), target.size());
  return size < 0 ? std::string() : std::string(target.data(), static_cast<std::size_t>(size));
}

// The descriptor that `path` names, as /dev/stdout does; -1 if it names none.
int descriptor_in(std::string_view path) {
  constexpr std::string_view standard[] = {"/dev/stdin", "/dev/stdout", "/dev/stderr"};
  for (int fd = 0; fd <= 2; ++fd)
    if (path == standard[fd]) return fd;
  for (const std::string_view folder : {"/dev/fd/", "/proc/self/fd/"})
    if (path.substr(0, folder.size()) == folder)
      return number_in<int>(path.substr(folder.size())).value_or(-1);
  return -1;
}

// Whether `fd` is the caller's, no regular file, and open for what open(2) would open it for.
bool serves_as(int fd, int flags) {
  struct stat file {};
  if (fd < 0 || !is_inherited(fd) || ::fstat(fd, &file) != 0 || S_ISREG(file.st_mode)) return false;
  const int opened = ::fcntl(fd, F_GETFL);
  if (opened < 0 || (opened & O_PATH) != 0) return false;
  const int access = opened & O_ACCMODE;
  return access == O_RDWR || access == (flags & O_ACCMODE);
}

}  // namespace

std::string with_real_directory(const std::string& path) {
  const std::string directory = real_directory_of(path);
  return fmt::format("{}/{}", directory == "/" ? "" : directory, path.substr(path.rfind('/') + 1));
}

std::string resolve(std::string path) {
  for (int i = 0; i < most_links; ++i) {
    path = with_real_directory(path);
    if (path.rfind("/proc/", 0) == 0) return path;
    const std::string next = target_of(path);
    if (next.empty()) return path;
    path = next.front() == '/' ? next : fmt::format("{}/{}", path.substr(0, path.rfind('/')), next);
  }
  return path;
}

int open_path(const std::string& path, int flags, mode_t mode) {
  const int fd = descriptor_in(path);
  return serves_as(fd, flags) ? ::fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1)
                              : ::open(path.c_str(), flags | O_CLOEXEC, mode);
}

bool is_still_at(int fd, const std::string& path) {
  struct stat held {};
  struct stat named {};
  return ::fstat(fd, &held) == 0 && ::lstat(path.c_str(), &named) == 0 &&
         held.st_dev == named.st_dev && held.st_ino == named.st_ino;
}

}  // namespace tether
