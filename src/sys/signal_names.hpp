// The names of signals.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tether {

// "SIGTERM", "SIGRTMIN+3"; "SIG77" for what has no name.
std::string signal_name(int signal);

// The signal of that name, in any case, with or without SIG; also "RTMIN", "RTMIN+3", "RTMAX-1".
std::optional<int> signal_number(std::string_view name);

}  // namespace tether
