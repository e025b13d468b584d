#include "sys/signal_names.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <csignal>
#include <cstring>

#include "numbers.hpp"

namespace tether {
namespace {

bool take_prefix(std::string_view& text, std::string_view prefix) {
  if (text.substr(0, prefix.size()) != prefix) return false;
  text.remove_prefix(prefix.size());
  return true;
}

// The text after RTMIN or RTMAX: nothing, or a sign and a number.
std::optional<int> offset_of(std::string_view text, char sign) {
  if (text.empty()) return 0;
  if (text.front() != sign) return std::nullopt;
  const auto offset = number_in<int>(text.substr(1));
  return offset && *offset <= SIGRTMAX - SIGRTMIN ? offset : std::nullopt;
}

std::optional<int> real_time_signal(std::string_view name) {
  if (take_prefix(name, "RTMIN")) {
    const auto offset = offset_of(name, '+');
    return offset ? std::optional(SIGRTMIN + *offset) : std::nullopt;
  }
  if (take_prefix(name, "RTMAX")) {
    const auto offset = offset_of(name, '-');
    return offset ? std::optional(SIGRTMAX - *offset) : std::nullopt;
  }
  return std::nullopt;
}

}  // namespace

std::string signal_name(int signal) {
  if (signal >= SIGRTMIN && signal <= SIGRTMAX)
    return signal == SIGRTMIN ? "SIGRTMIN" : fmt::format("SIGRTMIN+{}", signal - SIGRTMIN);
  const char* name = ::sigabbrev_np(signal);
  return name != nullptr ? fmt::format("SIG{}", name) : fmt::format("SIG{}", signal);
}

std::optional<int> signal_number(std::string_view name) {
  std::string upper(name);
  std::transform(upper.begin(), upper.end(), upper.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  std::string_view wanted = upper;
  (void)take_prefix(wanted, "SIG");
  for (int signal = 1; signal < SIGRTMIN; ++signal) {
    const char* abbreviation = ::sigabbrev_np(signal);
    if (abbreviation != nullptr && wanted == abbreviation) return signal;
  }
  // Other names that kill(1) knows.
  if (wanted == "IOT") return SIGABRT;
  if (wanted == "CLD") return SIGCHLD;
  if (wanted == "POLL" || wanted == "IO") return SIGIO;
  return real_time_signal(wanted);
}

bool asks_to_end(int signal) {
  return signal == SIGTERM || signal == SIGINT || signal == SIGHUP || signal == SIGQUIT;
}

bool stops_by_default(int signal) {
  return signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU;
}

}  // namespace tether
