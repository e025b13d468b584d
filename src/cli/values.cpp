#include "cli/values.hpp"

#include <charconv>

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

}  // namespace

std::optional<int> parse_number(std::string_view text, int low, int high) {
  const auto number = parse_digits<int>(text, 10);
  return number && *number >= low && *number <= high ? number : std::nullopt;
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
