// Where a path leads, for files that are replaced as a whole.
#pragma once

#include <string>

namespace tether {

// `path` with an absolute directory and its symbolic links followed, whether or not there is a file
// at the end. A path into /proc is returned as it is: a link there can be a descriptor.
std::string resolve(std::string path);

// `path` with an absolute directory. A symbolic link at the end is not followed.
std::string with_real_directory(const std::string& path);

// Whether `path` names the file that `fd` is open for. A symbolic link at the end is not followed.
bool is_still_at(int fd, const std::string& path);

}  // namespace tether
