// What a tool takes on disk, and in memory while it holds a command that sleeps.
#pragma once

#include <cstdint>
#include <string>

#include "process.hpp"

namespace bench {

std::uintmax_t size_of(const std::string& executable);

// An ELF file that names no interpreter.
bool is_static(const std::string& executable);

// Private dirty memory in kB of all processes between us and the sleeping `target`, which is what
// the invocation must start; -1 if the target never came to run, 0 if the tool does not stay.
long resident_dirty_kb(const Invocation& invocation, const std::string& target);

// Writes a file out and drops it from the page cache, so that it comes back the way an installed
// one does. One just linked or copied lies in larger folios, which makes a start up to a fifth
// cheaper, and until it is written its pages count as dirty in every process that maps them.
void settle(const std::string& executable);

}  // namespace bench
