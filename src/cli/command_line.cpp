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

// The public constructor of CLI::App registers a help flag, which tether does not use.
class BareApp : public CLI::App {
 public:
  BareApp() : CLI::App({}, {}, nullptr) {}
};

// CLI11 gets each option with its value as one word, "--name=value", so that it takes no value for
// an option or a list. After "--name=" it would take the next word: empty values go to apply().
std::vector<std::string> words_for_library(const Boundary& boundary) {
  std::vector<std::string> words;
  for (const NamedOption& option : boundary.options) {
    const bool has_value = option.row->takes_value();
    if (has_value && option.value.empty()) continue;
    words.push_back(fmt::format("--{}{}{}", option.row->name, has_value ? "=" : "", option.value));
  }
  std::reverse(words.begin(), words.end());  // App::parse() starts at the back
  return words;
}

// "-name" is the option n with the value "ame": finds the long option that was meant, or nullptr.
const OptionRow* meant_by(const OptionRow& row, const std::string& value) {
  for (const char* letter = row.letters; *letter != 0; ++letter)
    if (const OptionRow* meant = find_option(*letter + value.substr(0, value.find('=')));
        meant != nullptr)
      return meant;
  return nullptr;
}

Status apply(const OptionRow& row, Options& options, const std::string& value) {
  const char* wanted = row.apply(options, value);
  if (wanted == nullptr) return Unit{};
  return usage(fmt::format("option '--{}' wants {}, not '{}'", row.name, wanted, value),
               did_you_mean(meant_by(row, value)));
}

// Registers only options that the command line names: each costs about 18,000 instructions.
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

// The value is at the end of its word, attached to the option or not.
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
    // Never destroyed: the destructor takes as long as the parsing.
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
