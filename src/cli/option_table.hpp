// The one table of options: their names, values, effects and help texts. The parser, --help and the
// tests of the man page and the completions use it.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "policy/options.hpp"

namespace tether {

struct OptionRow {
  const char* name;        // long, without the dashes
  const char* other_name;  // a second long name, or nullptr
  const char* letters;     // none to two; --help shows the first
  const char* value_name;  // nullptr: a flag; "A|B": either of them
  const char* group;
  const char* help;
  // Puts `value` (empty for a flag) into `options`; returns nullptr, or a description of valid
  // values.
  const char* (*apply)(Options& options, const std::string& value);

  [[nodiscard]] bool takes_value() const { return value_name != nullptr; }
};

std::span<const OptionRow> option_table();

// nullptr if there is no such option.
const OptionRow* find_option(std::string_view long_name);
const OptionRow* find_option(char letter);

// The text of --help, made from the table: at most 80 columns wide.
std::string help_text();

}  // namespace tether
