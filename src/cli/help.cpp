#include "cli/help.hpp"

#include <fmt/format.h>

#include <string_view>

#include "cli/option_table.hpp"

namespace tether {
namespace {

constexpr const char* usage = R"(Usage: tether [OPTION]... [--] COMMAND [ARG]...
Spawn COMMAND, and decide once how firmly its life is tied to its starter.
)";

constexpr const char* examples = R"(
Examples:
  tether --autokill --nnp -- ./server      ends with tether, however tether ends
  tether --status-file=job.json -- ./job   leaves a record of how the job went
  tether -d --log=job.log -- ./job         runs on without you; leaves no zombie
)";

std::string spelling(const OptionRow& row) {
  const std::string letter = row.letters[0] != 0 ? fmt::format("-{}, ", row.letters[0]) : "    ";
  const std::string value = row.takes_value() ? fmt::format("={}", row.value_name) : "";
  return fmt::format("{}--{}{}", letter, row.name, value);
}

}  // namespace

std::string help_text() {
  std::string text = usage;
  std::string_view group;
  for (const OptionRow& row : option_table()) {
    if (group != row.group) text += fmt::format("\n{}:\n", row.group);
    group = row.group;
    text += fmt::format("  {:<28} {}\n", spelling(row), row.help);
  }
  return text + examples;
}

std::string version_text() {
  return fmt::format("tether {}\n", TETHER_VERSION);
}

}  // namespace tether
