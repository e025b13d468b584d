// Where a path leads, for files that are replaced whole.
#pragma once

#include <string>

namespace tether {

// `path` with its directory made absolute and its links followed, one by one, whether or not there
// is a file at the end. What leads into /proc is a descriptor that looks like a link, and is
// returned as it is.
std::string resolve(std::string path);

// `path` with its directory made absolute; a link at its end stays one.
std::string with_real_directory(const std::string& path);

// Whether the file that `fd` is open for is the one at `path`, through no link at its end.
bool is_still_at(int fd, const std::string& path);

}  // namespace tether
