#include "cli/usage.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

namespace tether {
namespace {

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

// A small distance is a likely misspelling. That of an abbreviation is 1, however short it is.
std::size_t likeness(std::string_view name, std::string_view known) {
  const bool is_abbreviation = name.size() >= 2 && known.substr(0, name.size()) == name;
  return is_abbreviation ? 1 : edit_distance(name, known);
}

// The name that other tools have for an option of tether.
struct Elsewhere {
  std::string_view name;
  const char* option;
};
constexpr Elsewhere names_elsewhere[] = {
    {"background", "detach"},
    {"cwd", "chdir"},
    {"daemon", "detach"},
    {"daemonize", "detach"},
    {"directory", "chdir"},
    {"foreground", "wait"},
    {"kill-child", "autokill"},
    {"make-pidfile", "pidfile"},
    {"new-session", "setsid"},
    {"output", "stdout"},
    {"pdeathsig", "die-with-parent"},
    {"setenv", "env"},
    {"unsetenv", "unset-env"},
    {"unshare-pid", "pid-namespace"},
};

char to_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace

Failure usage(std::string text, std::string hint) {
  return Failure{.stage = Stage::usage, .detail = std::move(text), .hint = std::move(hint)};
}

std::string did_you_mean(const OptionRow* option) {
  return option == nullptr ? see_help
                           : fmt::format("did you mean '--{}'? {}", option->name, see_help);
}

const OptionRow* nearest_option(std::string_view word) {
  std::string name(word.substr(0, word.find('=')));
  std::transform(name.begin(), name.end(), name.begin(), to_lower);
  for (const Elsewhere& elsewhere : names_elsewhere)
    if (name == elsewhere.name) return find_option(elsewhere.option);
  const OptionRow* nearest = nullptr;
  // A word that differs in more than half of its letters is no misspelling.
  std::size_t best = std::max<std::size_t>(2, name.size() / 2 + 1);
  for (const OptionRow& row : option_table()) {
    std::size_t distance = likeness(name, row.name);
    if (row.other_name != nullptr) distance = std::min(distance, likeness(name, row.other_name));
    if (distance < best) {
      best = distance;
      nearest = &row;
    }
  }
  return nearest;
}

}  // namespace tether
