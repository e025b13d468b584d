#include "report/table.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace tether {
namespace {

constexpr std::size_t width = 80;

// `start` and `text`, broken at blanks; further lines are indented below the text.
std::string wrapped(const std::string& start, std::string_view text) {
  const std::size_t room = width - std::min(start.size(), width / 2);
  std::string lines = start;
  while (text.size() > room) {
    const std::size_t blank = text.rfind(' ', room);
    if (blank == std::string_view::npos) break;
    lines += fmt::format("{}\n{:{}}", text.substr(0, blank), "", start.size());
    text.remove_prefix(blank + 1);
  }
  return fmt::format("{}{}\n", lines, text);
}

}  // namespace

std::string table_row(std::string_view name, std::string_view text) {
  return wrapped(fmt::format("{:<15} ", name), text);
}

std::string table_row(std::string_view name, Means means, std::string_view text) {
  const char* label = name_of(means);
  return wrapped(fmt::format("{:<15} {:<14} ", name, label != nullptr ? label : "-"), text);
}

}  // namespace tether
