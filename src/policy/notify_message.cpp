#include "policy/notify_message.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace tether {
namespace {

// EXTEND_TIMEOUT_USEC that no clock will see the end of; more could not be added to a time.
constexpr std::int64_t longest_us = Duration::max().count() / 2;

template <typename Number>
std::optional<Number> parse_positive(std::string_view text) {
  Number number{};
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  return error == std::errc() && stop == end && number > 0 ? std::optional(number) : std::nullopt;
}

void take_line(std::string_view line, NotifyMessage& message) {
  const std::size_t equals = line.find('=');
  if (equals == std::string_view::npos) return;
  const std::string_view name = line.substr(0, equals);
  const std::string_view value = line.substr(equals + 1);
  if (name == "READY") message.ready = message.ready || value == "1";
  if (name == "BARRIER") message.barrier = message.barrier || value == "1";
  if (name == "STATUS") message.status = std::string(value);
  if (name == "ERRNO") message.error_number = parse_positive<int>(value);
  if (name == "MAINPID") message.main_pid = parse_positive<pid_t>(value);
  if (name == "EXTEND_TIMEOUT_USEC")
    if (const auto us = parse_positive<std::int64_t>(value))
      message.extend = Duration(std::min(*us, longest_us));
}

}  // namespace

NotifyMessage parse_notify_message(std::string_view text) {
  NotifyMessage message;
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
