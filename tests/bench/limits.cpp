#include "limits.hpp"

#include <features.h>
#include <fmt/format.h>
#include <sys/utsname.h>

#include <charconv>
#include <fstream>
#include <stdexcept>
#include <string_view>

namespace bench {
namespace {

std::string trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(' ');
  if (first == std::string_view::npos) return {};
  return std::string(text.substr(first, text.find_last_not_of(' ') - first + 1));
}

std::vector<std::string> cells_of(std::string_view line) {
  std::vector<std::string> cells;
  while (true) {
    const std::size_t bar = line.find('|');
    cells.push_back(trimmed(line.substr(0, bar)));
    if (bar == std::string_view::npos) return cells;
    line.remove_prefix(bar + 1);
  }
}

std::uint64_t to_number(const std::string& text) {
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || stopped != end)
    throw std::invalid_argument(fmt::format("'{}' is not a number", text));
  return number;
}

void take_line(const std::string& line, Limits& limits) {
  const std::vector<std::string> cells = cells_of(line);
  if (cells.front() == "place") {
    limits.place.assign(cells.begin() + 1, cells.end());
  } else if (cells.size() == 4) {
    limits.rows.push_back({cells[0], cells[1], to_number(cells[2]), to_number(cells[3])});
  } else {
    throw std::invalid_argument("not of the form way | count | limit | elsewhere");
  }
}

std::string libc_name() {
#if defined(__GLIBC__)
  return fmt::format("glibc {}.{}", __GLIBC__, __GLIBC_MINOR__);
#else
  return "another libc";
#endif
}

// Of 6.18.44-something the first two numbers.
std::string family_of(std::string_view release) {
  const std::size_t second_dot = release.find('.', release.find('.') + 1);
  return std::string(release.substr(0, second_dot));
}

}  // namespace

Limits read_limits(const std::string& path) {
  std::ifstream file(path);
  Limits limits;
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    if (trimmed(line).empty() || line.front() == '#') continue;
    try {
      take_line(line, limits);
    } catch (const std::invalid_argument& wrong) {
      throw std::runtime_error(fmt::format("{}:{}: {}", path, number, wrong.what()));
    }
  }
  if (limits.rows.empty() || limits.place.empty())
    throw std::runtime_error(fmt::format("{}: no limits, or no place", path));
  return limits;
}

std::vector<std::string> place_here(bool fixed_addresses) {
  utsname system{};
  (void)::uname(&system);
  return {system.machine, fmt::format("Linux {}", family_of(system.release)), TETHER_BENCH_COMPILER,
          libc_name(), fixed_addresses ? "fixed addresses" : "random addresses"};
}

}  // namespace bench
