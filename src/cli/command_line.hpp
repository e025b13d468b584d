// Turns argv into Options or a usage error. Only command_line.cpp uses the parser library, CLI11.
#pragma once

#include "failure.hpp"
#include "policy/options.hpp"

namespace tether {

// Options::command points into `argv`, which must outlive it. On success the values of --env are
// overwritten in argv: every user can read a process's command line (/proc/PID/cmdline, proc(5)).
Result<Options> parse_command_line(int argc, char** argv);

}  // namespace tether
