// Counting what a command does by stopping it at every instruction or system call: exact, and the
// same on a machine without performance counters.
#pragma once

#include <cstdint>

#include "process.hpp"

namespace bench {

// User-space instructions of the whole process tree from the tool's first to the target's exec. A
// repeated string instruction counts once for each repetition.
std::uint64_t instructions_to_exec(const Invocation& invocation);

// System calls of the tool's processes over their whole life: from the first after the tool's own
// exec up to and including the exit, and including the execve of the target; none of the target's.
std::uint64_t system_calls(const Invocation& invocation);

}  // namespace bench
