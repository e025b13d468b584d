#include "sys/small_files.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "sys/unique_fd.hpp"

namespace tether {

std::optional<std::string> read_small_file(const std::string& path) {
  return read_small_file(AT_FDCWD, path.c_str());
}

std::string text_of(const std::string& path) {
  return read_small_file(path).value_or(std::string());
}

std::optional<std::string> read_small_file(int directory_fd, const char* path) {
  const UniqueFd file(::openat(directory_fd, path, O_RDONLY | O_CLOEXEC));
  if (!file) return std::nullopt;
  std::string text;
  std::array<char, 4096> part;
  while (true) {
    const ssize_t got = ::read(file.get(), part.data(), part.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return std::nullopt;
    if (got == 0) return text;
    text.append(part.data(), static_cast<std::size_t>(got));
  }
}

}  // namespace tether
