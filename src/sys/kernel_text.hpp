// Reads small text files of the kernel, such as those of /proc and cgroup v2, and splits their text
// into lines and words.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tether {

// Takes the first line off `text`, without its newline; empty at the end.
std::string_view take_line(std::string_view& text);

// Takes the first word off `text`, and the blanks, tabs and newlines before it; empty at the end.
std::string_view take_word(std::string_view& text);

// The number after `key` in a text of lines "KEY VALUE", with blanks or tabs between the two; none
// if there is none.
std::optional<std::uint64_t> number_of(std::string_view text, std::string_view key);

// The whole file; none and errno if it cannot be read. `directory_fd` is as for openat(2).
std::optional<std::string> read_small_file(const std::string& path);
std::optional<std::string> read_small_file(int directory_fd, const char* path);

// The whole file; empty if it cannot be read.
std::string text_of(const std::string& path);

}  // namespace tether
