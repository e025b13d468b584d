// What ps(1) shows of this process.
#pragma once

#include <string_view>

namespace tether {

// Notes where main's arguments and, behind them, the environment lie. Once, first thing in main.
void remember_command_line(char** arguments, char** environment);

// Writes `title` over that memory, which /proc/PID/cmdline shows; the environment is empty from
// then on. For a process that needs neither any more. Does nothing if no command line was
// remembered.
void set_process_title(std::string_view title);

}  // namespace tether
