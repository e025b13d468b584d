// What exec would read at the head of a file: the interpreter it depends on.
#pragma once

#include <optional>
#include <string>

namespace tether {

// The interpreter that `path` names (seen from `directory_fd` where relative, AT_FDCWD for our own
// working directory): of a script the word after "#!", of an ELF file its PT_INTERP. None if it
// names none, or cannot be read.
std::optional<std::string> interpreter_of(int directory_fd, const std::string& path);

}  // namespace tether
