// The interpreter that an exec of a file depends on, as the head of the file names it.
#pragma once

#include <optional>
#include <string>

namespace tether {

// The interpreter that the file `path` names: the word after "#!" of a script, or PT_INTERP of an
// ELF file. `path` may be relative to `directory_fd`. None if the file names none or cannot be
// read.
std::optional<std::string> interpreter_of(int directory_fd, const std::string& path);

}  // namespace tether
