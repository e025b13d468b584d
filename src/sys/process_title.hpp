// The command line that ps(1) shows of this process.
#pragma once

#include <string_view>

namespace tether {

// Remembers where main's arguments and, behind them, the environment lie. Once, first in main.
void remember_command_line(char** arguments, char** environment);

// Overwrites that memory, which /proc/PID/cmdline shows, with `title` and empties the environment:
// for a process that needs neither any more. Does nothing if no command line was remembered.
void set_process_title(std::string_view title);

}  // namespace tether
