// Parses what a service reports by the sd_notify(3) protocol, lines of NAME=VALUE. Pure.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>

#include "policy/options.hpp"

namespace tether {

struct NotifyMessage {
  bool ready = false;                 // READY=1
  bool barrier = false;               // BARRIER=1
  std::optional<std::string> status;  // STATUS=
  std::optional<int> error_number;    // ERRNO=
  std::optional<Duration> extend;     // EXTEND_TIMEOUT_USEC=, counted from now
  std::optional<pid_t> main_pid;      // MAINPID=
};

// Parses one datagram. Unknown lines and invalid values are ignored, as systemd does.
NotifyMessage parse_notify_message(std::string_view text);

// The s6 protocol (--notify=fd:N): COMMAND is ready when it has written a newline.
bool is_ready_line(std::string_view text);

}  // namespace tether
