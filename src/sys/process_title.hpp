// What ps(1) shows of this process.
#pragma once

#include <string_view>

namespace tether {

// Writes `title` over the memory that /proc/PID/cmdline shows: main's arguments and, behind them,
// the environment, which is empty from then on. What was there must not be needed any more.
void set_process_title(char** arguments, char** environment, std::string_view title);

}  // namespace tether
