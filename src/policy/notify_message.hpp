// What a service says of itself, by the sd_notify(3) protocol: lines of NAME=VALUE. Pure.
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
  std::optional<Duration> extend;     // EXTEND_TIMEOUT_USEC=: from now
  std::optional<pid_t> main_pid;      // MAINPID=
};

// One datagram. Unknown lines and values that are none are passed over, as systemd does.
NotifyMessage parse_notify_message(std::string_view text);

// The same in the s6 way: ready once there is a newline.
bool is_ready_line(std::string_view text);

}  // namespace tether
