// What signals are called, and what they are for. Asks the kernel nothing.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tether {

constexpr int last_signal = 64;

// "SIGTERM", "SIGRTMIN+3"; "SIG77" for what has no name.
std::string signal_name(int signal);

// The signal of that name, in any case, with or without SIG; also "RTMIN", "RTMIN+3", "RTMAX-1".
std::optional<int> signal_number(std::string_view name);

// TERM, INT, HUP and QUIT: whoever sends one wants the receiver to end.
bool asks_to_end(int signal);

// SIGTSTP, SIGTTIN and SIGTTOU.
bool stops_by_default(int signal);

}  // namespace tether
