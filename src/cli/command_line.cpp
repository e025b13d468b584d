#include "cli/command_line.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstring>
#include <set>
#include <string_view>

#include "cli/boundary.hpp"
#include "cli/consistency.hpp"
#include "cli/option_table.hpp"
#include "cli/usage.hpp"

namespace tether {
namespace {

// Without the help flag that the public constructor registers, and that would have to go again.
class BareApp : public CLI::App {
 public:
  BareApp() : CLI::App({}, {}, nullptr) {}
};

// The library gets each option and value as one word of its own making: "--name=value" where there
// is a value, so that nothing is taken for an option or a list. An empty value would swallow the
// next word in that form; it goes to the table directly.
std::vector<std::string> words_for_library(const Boundary& boundary) {
  std::vector<std::string> words;
  for (const NamedOption& option : boundary.options) {
    if (!option.row->takes_value()) words.push_back(fmt::format("--{}", option.row->name));
    if (option.row->takes_value() && !option.value.empty())
      words.push_back(fmt::format("--{}={}", option.row->name, option.value));
  }
  std::reverse(words.begin(), words.end());  // as App::parse wants them
  return words;
}

// A long name behind one dash is its first letter with a value.
const OptionRow* meant_by(const OptionRow& row, const std::string& value) {
  for (const char* letter = row.letters; *letter != 0; ++letter)
    if (const OptionRow* meant = find_option(*letter + value.substr(0, value.find('=')));
        meant != nullptr)
      return meant;
  return nullptr;
}

Status apply(const OptionRow& row, Options& options, const std::string& value) {
  const auto wanted = row.apply(options, value);
  if (!wanted) return Unit{};
  const OptionRow* meant = meant_by(row, value);
  return usage(
      fmt::format("option '--{}' wants {}, not '{}'", row.name, *wanted, value),
      meant == nullptr ? see_help : fmt::format("did you mean '--{}'? {}", meant->name, see_help));
}

// Registers only what the command line names: an option costs about 18,000 instructions.
void register_options(CLI::App& app, const Boundary& boundary, Options& options, Status& status) {
  std::set<const OptionRow*> registered;
  for (const NamedOption& option : boundary.options) {
    const OptionRow* row = option.row;
    if (!registered.insert(row).second) continue;
    const auto take = [row, &options, &status](const std::string& value) {
      if (status.ok()) status = apply(*row, options, value);
    };
    const std::string name = fmt::format("--{}", row->name);
    if (row->takes_value()) {
      app.add_option_function<std::string>(name, take)
          ->trigger_on_parse()
          ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
    } else {
      app.add_flag_callback(name, [take] { take({}); });
    }
  }
}

// The value is the end of its word, in each way of writing it.
void wipe_secrets(const Boundary& boundary, char** argv) {
  for (const NamedOption& option : boundary.options) {
    if (std::string_view(option.row->name) != "env") continue;
    char* end = argv[option.word] + std::strlen(argv[option.word]);
    const std::size_t name = option.value.find('=') + 1;
    std::fill(end - (option.value.size() - name), end, 'x');
  }
}

}  // namespace

Result<Options> parse_command_line(int argc, char** argv) {
  Result<Boundary> found = find_boundary(argc, argv);
  if (!found.ok()) return found.failure();
  const Boundary& boundary = found.value();

  Options options;
  Status status = Unit{};
  for (const NamedOption& option : boundary.options)
    if (option.row->takes_value() && option.value.empty() && status.ok())
      status = apply(*option.row, options, option.value);
  if (!boundary.options.empty()) {
    // Never destroyed: that would cost as much as parsing did.
    auto* app = new BareApp;
    register_options(*app, boundary, options, status);
    try {
      app->parse(words_for_library(boundary));
    } catch (const CLI::ParseError& error) {
      return usage(error.what());
    }
  }
  if (!status.ok()) return status.failure();

  if (boundary.command < static_cast<std::size_t>(argc)) options.command = argv + boundary.command;
  if (Status consistent = check_consistency(boundary, options); !consistent.ok())
    return consistent.failure();
  wipe_secrets(boundary, argv);
  return options;
}

}  // namespace tether
