#include "cli/help.hpp"

#include <fmt/format.h>

#include <string_view>

#include "cli/option_table.hpp"

namespace tether {
namespace {

constexpr const char* synopsis = R"(Usage: tether [OPTION]... [--] COMMAND [ARG]...
Run COMMAND. A tie ends COMMAND on an event, and also if tether is killed.
)";

constexpr const char* examples = R"(
Examples: tether -d --die-with-pid=$$ -- ./server   ends with this script
          tether --tree -t 10m -- make test         ends all descendants
          tether -d --log=job.log -- ./job          runs as a daemon
)";

// The widest spelling leaves 47 columns of 80 for the help.
constexpr int spelling_width = 30;

std::string spelling(const OptionRow& row) {
  const std::string letter = row.letters[0] != 0 ? fmt::format("-{}, ", row.letters[0]) : "    ";
  const std::string value = row.takes_value() ? fmt::format("={}", row.value_name) : "";
  return fmt::format("{}--{}{}", letter, row.name, value);
}

}  // namespace

std::string help_text() {
  std::string text = synopsis;
  std::string_view group;
  for (const OptionRow& row : option_table()) {
    if (group != row.group) text += fmt::format("\n{}:\n", row.group);
    group = row.group;
    text += fmt::format("  {:<{}} {}\n", spelling(row), spelling_width, row.help);
  }
  return text + examples;
}

}  // namespace tether
