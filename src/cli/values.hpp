// Parses option values. Pure. Each function returns nothing if the text is not such a value.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>

#include "policy/options.hpp"

namespace tether {

// A decimal number from `low` to `high`, digits only.
std::optional<int> parse_number(std::string_view text, int low, int high);

// A number with the unit ms, s, m, h or d (none: s), or "inf". Rounded up to microseconds. 0, inf
// and what exceeds `longest_duration` are `never`.
std::optional<Duration> parse_duration(std::string_view text);

// A signal by name, with or without SIG, in any case; "RTMIN+n", "RTMAX-n"; or by number, 1 to 64.
std::optional<int> parse_signal(std::string_view text);

// FROM:TO, each a signal as above; TO may be 0.
std::optional<Rewrite> parse_rewrite(std::string_view text);

// PID or PID:INODE.
std::optional<ProcessName> parse_process(std::string_view text);

// "fd:N" or "socket".
std::optional<Notify> parse_notify(std::string_view text);

// A file mode creation mask: octal, 0 to 777.
std::optional<mode_t> parse_umask(std::string_view text);

// NAME=VALUE; NAME must not be empty, VALUE may.
std::optional<EnvironmentChange> parse_assignment(const std::string& text);

}  // namespace tether
