// The names of signals.
#pragma once

#include <string>

namespace tether {

// "SIGTERM", "SIGRTMIN+3"; "SIG77" for what has no name.
std::string signal_name(int signal);

}  // namespace tether
