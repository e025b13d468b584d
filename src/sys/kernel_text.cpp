#include "sys/kernel_text.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "numbers.hpp"
#include "sys/unique_fd.hpp"

namespace tether {
namespace {

constexpr std::string_view blank = " \t\n";

}  // namespace

std::string_view take_line(std::string_view& text) {
  const std::string_view line = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(line.size() + 1, text.size()));
  return line;
}

std::string_view take_word(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(blank), text.size()));
  const std::string_view word = text.substr(0, text.find_first_of(blank));
  text.remove_prefix(word.size());
  return word;
}

std::optional<std::uint64_t> number_of(std::string_view text, std::string_view key) {
  while (!text.empty()) {
    std::string_view line = take_line(text);
    if (take_word(line) == key) return number_in<std::uint64_t>(take_word(line));
  }
  return std::nullopt;
}

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
