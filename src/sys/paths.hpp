// Where a path leads, for files that are replaced as a whole.
#pragma once

#include <sys/types.h>

#include <string>

namespace tether {

// `path` with an absolute directory and its symbolic links followed, whether or not there is a file
// at the end. A path into /proc is returned as it is: a link there can be a descriptor.
std::string resolve(std::string path);

// `path` with an absolute directory. A symbolic link at the end is not followed.
std::string with_real_directory(const std::string& path);

// As open(2), with O_CLOEXEC, but a path such as /dev/stdout or /dev/fd/N gives a copy of that
// descriptor of the caller's. open(2) would refuse a socket (ENXIO), and another user's pipe or
// terminal (EACCES). A regular file is opened: it gets an offset and O_APPEND of its own. -1 and
// errno on failure.
int open_path(const std::string& path, int flags, mode_t mode = 0);

// Whether `path` names the file that `fd` is open for. A symbolic link at the end is not followed.
bool is_still_at(int fd, const std::string& path);

}  // namespace tether
