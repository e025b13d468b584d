#include "policy/notify_message.hpp"

#include <algorithm>
#include <cstdint>

#include "numbers.hpp"

namespace tether {
namespace {

template <typename Number>
std::optional<Number> parse_positive(std::string_view text) {
  const auto number = number_in<Number>(text);
  return number && *number > 0 ? number : std::nullopt;
}

// A value that is too large counts as `longest_duration`.
std::optional<Duration> parse_extension(std::string_view text) {
  std::uint64_t us = 0;
  const std::errc error = read_number(text, us);
  const auto longest = static_cast<std::uint64_t>(longest_duration.count());
  if (error == std::errc::result_out_of_range || us > longest) return longest_duration;
  return error == std::errc() && us > 0 ? std::optional(Duration(us)) : std::nullopt;
}

void take_line(std::string_view line, NotifyMessage& message) {
  const std::size_t equals = line.find('=');
  if (equals == std::string_view::npos) return;
  const std::string_view name = line.substr(0, equals);
  const std::string_view value = line.substr(equals + 1);
  if (name == "READY") message.ready = message.ready || value == "1";
  if (name == "BARRIER") message.barrier = message.barrier || value == "1";
  if (name == "STATUS") message.status = std::string(value);
  if (name == "ERRNO")
    if (const auto number = parse_positive<int>(value)) message.error_number = number;
  if (name == "MAINPID")
    if (const auto pid = parse_positive<pid_t>(value)) message.main_pid = pid;
  if (name == "EXTEND_TIMEOUT_USEC")
    if (const auto extension = parse_extension(value)) message.extend = extension;
}

}  // namespace

NotifyMessage parse_notify_message(std::string_view text) {
  NotifyMessage message;
  // Some programs send the string with its NUL.
  while (!text.empty() && text.back() == '\0') text.remove_suffix(1);
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    take_line(text.substr(0, end), message);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return message;
}

bool is_ready_line(std::string_view text) {
  return text.find('\n') != std::string_view::npos;
}

}  // namespace tether
