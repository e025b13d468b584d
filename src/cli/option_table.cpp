#include "cli/option_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <vector>

#include "cli/values.hpp"

namespace tether {
namespace {

using Problem = std::optional<std::string>;

template <bool Options::*field>
Problem set(Options& options, const std::string&) {
  options.*field = true;
  return std::nullopt;
}

std::optional<int> parse_descriptor(const std::string& text) {
  return parse_number(text, 0, std::numeric_limits<int>::max());
}

Problem set_wait(Options& options, const std::string&) {
  options.mode = Mode::wait;
  return std::nullopt;
}

Problem set_in_place(Options& options, const std::string&) {
  options.mode = Mode::in_place;
  return std::nullopt;
}

Problem add_success_status(Options& options, const std::string& value) {
  const auto status = parse_number(value, 0, 255);
  if (!status) return "an exit status from 0 to 255";
  options.success_status.push_back(*status);
  return std::nullopt;
}

Problem set_directory(Options& options, const std::string& value) {
  if (value.empty()) return "a directory";
  options.directory = value;
  return std::nullopt;
}

Problem set_umask(Options& options, const std::string& value) {
  options.umask = parse_umask(value);
  if (!options.umask) return "an octal mode from 0 to 777";
  return std::nullopt;
}

Problem add_assignment(Options& options, const std::string& value) {
  auto change = parse_assignment(value);
  if (!change) return "NAME=VALUE";
  options.environment.push_back(std::move(*change));
  return std::nullopt;
}

Problem add_unset(Options& options, const std::string& value) {
  if (value.empty() || value.find('=') != std::string::npos) return "a variable's name";
  options.environment.push_back({value, std::nullopt});
  return std::nullopt;
}

Problem add_kept_descriptor(Options& options, const std::string& value) {
  const auto fd = parse_descriptor(value);
  if (!fd) return "a descriptor's number";
  options.keep_fds.push_back(*fd);
  return std::nullopt;
}

Problem set_status_fd(Options& options, const std::string& value) {
  options.status_fd = parse_descriptor(value);
  if (!options.status_fd) return "a descriptor's number";
  return std::nullopt;
}

Problem set_status_file(Options& options, const std::string& value) {
  if (value.empty()) return "a file";
  options.status_file = value;
  return std::nullopt;
}

constexpr const char* modes = "Who keeps the child";
constexpr const char* ties = "Ties";
constexpr const char* privilege = "Privilege";
constexpr const char* session = "Session, terminal, signals";
constexpr const char* files = "Files and environment";
constexpr const char* reporting = "Reporting";

// clang-format off
constexpr OptionRow rows[] = {
    {"wait", nullptr, 'w', nullptr, modes, "stay, pass signals on, exit as COMMAND does (default)", set_wait},
    {"exec", nullptr, 0, nullptr, modes, "become COMMAND: same pid, no child", set_in_place},

    {"autoreap", nullptr, 0, nullptr, ties, "never a zombie, whoever its parent is by then", set<&Options::autoreap>},
    {"autokill", nullptr, 0, nullptr, ties, "SIGKILL it when the holder of its pidfd is gone", set<&Options::autokill>},
    {"success-status", nullptr, 0, "N", ties, "exit 0 when COMMAND's status is N; repeatable", add_success_status},
    {"strict", nullptr, 0, nullptr, ties, "fail rather than emulate a guarantee", set<&Options::strict>},

    {"nnp", "no-new-privs", 0, nullptr, privilege, "no_new_privs for the child (or --no-new-privs)", set<&Options::nnp>},

    {"setsid", nullptr, 0, nullptr, session, "a new session, and a process group of its own", set<&Options::setsid>},
    {"setpgid", nullptr, 0, nullptr, session, "a new process group; signals go to all of it", set<&Options::setpgid>},
    {"reset-signals", nullptr, 0, nullptr, session, "all dispositions default, nothing blocked", set<&Options::reset_signals>},

    {"chdir", nullptr, 'C', "DIR", files, "change directory before looking COMMAND up", set_directory},
    {"umask", nullptr, 0, "MODE", files, "set the file mode creation mask (octal)", set_umask},
    {"env", nullptr, 0, "NAME=VALUE", files, "set an environment variable; repeatable", add_assignment},
    {"unset-env", nullptr, 0, "NAME", files, "remove an environment variable; repeatable", add_unset},
    {"clear-env", nullptr, 0, nullptr, files, "start from an empty environment", set<&Options::clear_environment>},
    {"close-fds", nullptr, 0, nullptr, files, "close every descriptor above 2", set<&Options::close_fds>},
    {"keep-fd", nullptr, 0, "N", files, "but not this one; repeatable", add_kept_descriptor},

    {"json", nullptr, 0, nullptr, reporting, "records on standard output, one a line", set<&Options::json>},
    {"status-fd", nullptr, 0, "N", reporting, "records to descriptor N", set_status_fd},
    {"status-file", nullptr, 0, "FILE", reporting, "records to FILE, which is whole or not there", set_status_file},
    {"print-pid", nullptr, 0, nullptr, reporting, "the child's pid on standard output", set<&Options::print_pid>},
    {"dry-run", nullptr, 0, nullptr, reporting, "say what would be done, and by what means", set<&Options::dry_run>},
    {"features", nullptr, 0, nullptr, reporting, "say what this kernel and this sandbox can do", set<&Options::features>},
    {"verbose", nullptr, 'v', nullptr, reporting, "say more on standard error", set<&Options::verbose>},
    {"quiet", nullptr, 'q', nullptr, reporting, "say nothing but errors", set<&Options::quiet>},
    {"help", nullptr, 'h', nullptr, reporting, "this text", set<&Options::help>},
    {"version", nullptr, 'V', nullptr, reporting, "the version", set<&Options::version>},
};
// clang-format on

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t changed = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, changed});
    }
  }
  return row[b.size()];
}

}  // namespace

std::span<const OptionRow> option_table() {
  return rows;
}

const OptionRow* find_option(std::string_view long_name) {
  for (const OptionRow& row : rows)
    if (long_name == row.name || (row.other_name != nullptr && long_name == row.other_name))
      return &row;
  return nullptr;
}

const OptionRow* find_option(char letter) {
  for (const OptionRow& row : rows)
    if (row.letter != 0 && row.letter == letter) return &row;
  return nullptr;
}

const OptionRow* nearest_option(std::string_view name) {
  const OptionRow* nearest = nullptr;
  // More than half of it wrong is another word.
  std::size_t best = std::max<std::size_t>(2, name.size() / 2 + 1);
  for (const OptionRow& row : rows) {
    std::size_t distance = edit_distance(name, row.name);
    if (row.other_name != nullptr)
      distance = std::min(distance, edit_distance(name, row.other_name));
    if (distance < best) {
      best = distance;
      nearest = &row;
    }
  }
  return nearest;
}

}  // namespace tether
