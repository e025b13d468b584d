// Small text files of the kernel's, such as those of /proc and of cgroup v2.
#pragma once

#include <optional>
#include <string>

namespace tether {

// The whole file; none and errno if it cannot be read. The second one takes a path relative to a
// directory that is held open, or to the working directory (AT_FDCWD), as openat(2) does.
std::optional<std::string> read_small_file(const std::string& path);
std::optional<std::string> read_small_file(int directory_fd, const char* path);

// The same, and empty if it cannot be read.
std::string text_of(const std::string& path);

}  // namespace tether
