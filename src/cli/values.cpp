#include "cli/values.hpp"

#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

#include "sys/signal_names.hpp"
#include "sys/signals.hpp"

namespace tether {
namespace {

template <typename Number>
std::optional<Number> parse_digits(std::string_view text, int base) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  if (text.empty() || text.front() == '-' || error != std::errc() ||
      end != text.data() + text.size())
    return std::nullopt;
  return number;
}

constexpr std::pair<std::string_view, double> units[] = {
    {"", 1e6}, {"ms", 1e3}, {"s", 1e6}, {"m", 60e6}, {"h", 3600e6}, {"d", 86400e6},
};

// Half of what the type can hold, so that a time can be added to it: 146,000 years.
constexpr double longest_us = static_cast<double>(std::numeric_limits<std::int64_t>::max()) / 2;

}  // namespace

std::optional<int> parse_number(std::string_view text, int low, int high) {
  const auto number = parse_digits<int>(text, 10);
  return number && *number >= low && *number <= high ? number : std::nullopt;
}

std::optional<Duration> parse_duration(std::string_view text) {
  if (text == "inf") return never;
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || !std::isfinite(number) || std::signbit(number)) return std::nullopt;
  const std::string_view suffix = text.substr(static_cast<std::size_t>(end - text.data()));
  for (const auto& [unit, factor] : units) {
    if (suffix != unit) continue;
    const double microseconds = std::ceil(number * factor);
    if (microseconds == 0 || microseconds >= longest_us) return never;
    return Duration(static_cast<std::int64_t>(microseconds));
  }
  return std::nullopt;
}

std::optional<int> parse_signal(std::string_view text) {
  if (const auto number = parse_number(text, 1, last_signal)) return number;
  return signal_number(text);
}

std::optional<Notify> parse_notify(std::string_view text) {
  constexpr std::string_view descriptor = "fd:";
  if (text == "socket") return Notify{};
  if (text.substr(0, descriptor.size()) != descriptor) return std::nullopt;
  const auto fd = parse_number(text.substr(descriptor.size()), 0, std::numeric_limits<int>::max());
  if (!fd) return std::nullopt;
  return Notify{Notify::Kind::descriptor, *fd};
}

std::optional<mode_t> parse_umask(std::string_view text) {
  const auto mode = parse_digits<mode_t>(text, 8);
  return mode && *mode <= 0777 ? mode : std::nullopt;
}

std::optional<EnvironmentChange> parse_assignment(const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == 0 || equals == std::string::npos) return std::nullopt;
  return EnvironmentChange{text.substr(0, equals), text.substr(equals + 1)};
}

}  // namespace tether
