// Names and kinds of signals. Makes no system call.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tether {

constexpr int last_signal = 64;

// "SIGTERM", "SIGRTMIN+3"; "SIG77" for a signal without a name.
std::string signal_name(int signal);

// The signal with that name, in any case, with or without SIG; also "RTMIN", "RTMIN+3", "RTMAX-1".
std::optional<int> signal_number(std::string_view name);

// SIGTERM, SIGINT, SIGHUP and SIGQUIT, by which a sender asks a process to end.
bool asks_to_end(int signal);

// SIGTSTP, SIGTTIN and SIGTTOU.
bool stops_by_default(int signal);

}  // namespace tether
