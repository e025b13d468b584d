// Numbers from text, which must be digits throughout.
#pragma once

#include <charconv>
#include <optional>
#include <string_view>
#include <system_error>

namespace tether {

// Reads `text` into `number`. Returns invalid_argument if `text` is no number; `number` may have
// changed then. Returns result_out_of_range, and leaves `number` alone, if the number does not fit.
template <typename Number>
std::errc read_number(std::string_view text, Number& number, int base = 10) {
  if (text.empty() || text.front() == '-') return std::errc::invalid_argument;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number, base);
  return stop == end ? error : std::errc::invalid_argument;
}

// As read_number(); none where that returns an error.
template <typename Number>
std::optional<Number> number_in(std::string_view text, int base = 10) {
  Number number{};
  return read_number(text, number, base) == std::errc() ? std::optional(number) : std::nullopt;
}

}  // namespace tether
