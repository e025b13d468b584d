#include "cli/values.hpp"

#include <cctype>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <utility>

#include "numbers.hpp"
#include "sys/signal_names.hpp"

namespace tether {
namespace {

constexpr std::pair<std::string_view, double> units[] = {
    {"", 1e6}, {"ms", 1e3}, {"s", 1e6}, {"m", 60e6}, {"h", 3600e6}, {"d", 86400e6},
};

// Stands for a number that is too small for a double, but not 0.
constexpr double smallest = 1e-9;

}  // namespace

std::optional<int> parse_number(std::string_view text, int low, int high) {
  const auto number = number_in<int>(text);
  return number && *number >= low && *number <= high ? number : std::nullopt;
}

std::optional<Duration> parse_duration(std::string_view text) {
  if (text == "inf" || text == "infinity") return never;
  // from_chars takes "nan" and a sign as well.
  if (text.empty() || (std::isdigit(static_cast<unsigned char>(text[0])) == 0 && text[0] != '.'))
    return std::nullopt;
  double number = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  // Too large for a double, or too small: strtod(3) tells which.
  if (error == std::errc::result_out_of_range)
    number = std::strtod(std::string(text).c_str(), nullptr) > 1 ? HUGE_VAL : smallest;
  if (error == std::errc::invalid_argument) return std::nullopt;
  const std::string_view suffix = text.substr(static_cast<std::size_t>(end - text.data()));
  for (const auto& [unit, factor] : units) {
    if (suffix != unit) continue;
    const double microseconds = std::ceil(number * factor);
    if (microseconds == 0 || microseconds > static_cast<double>(longest_duration.count()))
      return never;
    return Duration(static_cast<std::int64_t>(microseconds));
  }
  return std::nullopt;
}

std::optional<int> parse_signal(std::string_view text) {
  if (const auto number = parse_number(text, 1, last_signal)) return number;
  return signal_number(text);
}

std::optional<Rewrite> parse_rewrite(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const std::string_view target = text.substr(colon + 1);
  const auto from = parse_signal(text.substr(0, colon));
  const auto to = parse_number(target, 0, 0) ? 0 : parse_signal(target);
  if (!from || !to) return std::nullopt;
  return Rewrite{*from, *to};
}

std::optional<ProcessName> parse_process(std::string_view text) {
  const std::size_t colon = text.find(':');
  const auto pid = parse_number(text.substr(0, colon), 1, std::numeric_limits<pid_t>::max());
  if (!pid) return std::nullopt;
  ProcessName process{*pid, std::nullopt};
  if (colon == std::string_view::npos) return process;
  process.inode = number_in<std::uint64_t>(text.substr(colon + 1));
  if (!process.inode || *process.inode == 0) return std::nullopt;
  return process;
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
  const auto mode = number_in<mode_t>(text, 8);
  return mode && *mode <= 0777 ? mode : std::nullopt;
}

std::optional<EnvironmentChange> parse_assignment(const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == 0 || equals == std::string::npos) return std::nullopt;
  return EnvironmentChange{text.substr(0, equals), text.substr(equals + 1)};
}

}  // namespace tether
