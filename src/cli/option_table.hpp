// The options, once: what they are called, whether they take a value, what they set and what --help
// says of them. The parser, the help text and the tests of the man page and the completions use it.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "policy/options.hpp"

namespace tether {

struct OptionRow {
  const char* name;        // long, without the dashes
  const char* other_name;  // a second long name, or nullptr
  const char* letters;     // one or two, or ""; --help shows the first
  const char* value_name;  // nullptr: a flag; "A|B": either of them
  const char* group;
  const char* help;
  // Puts the value (empty for a flag) into the options; says what is wrong with it, if anything.
  std::optional<std::string> (*apply)(Options& options, const std::string& value);

  [[nodiscard]] bool takes_value() const { return value_name != nullptr; }
};

std::span<const OptionRow> option_table();

// nullptr if there is none.
const OptionRow* find_option(std::string_view long_name);
const OptionRow* find_option(char letter);

// The long name most like `name`; nullptr if none comes near.
const OptionRow* nearest_option(std::string_view name);

}  // namespace tether
