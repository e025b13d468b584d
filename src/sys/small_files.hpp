// Reads small text files of the kernel, such as those of /proc and cgroup v2.
#pragma once

#include <optional>
#include <string>

namespace tether {

// The whole file; none and errno if it cannot be read. `directory_fd` is as for openat(2).
std::optional<std::string> read_small_file(const std::string& path);
std::optional<std::string> read_small_file(int directory_fd, const char* path);

// The whole file; empty if it cannot be read.
std::string text_of(const std::string& path);

}  // namespace tether
