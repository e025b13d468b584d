// The Failure for a wrong command line, and which option was meant by a word that is none.
#pragma once

#include <string>
#include <string_view>

#include "cli/option_table.hpp"
#include "failure.hpp"

namespace tether {

constexpr const char* see_help = "try 'tether --help'";

Failure usage(std::string text, std::string hint = see_help);

// The option with the long name most like `word`, which has no dashes and may have a value behind
// an equals sign; nullptr if no name is similar.
const OptionRow* nearest_option(std::string_view word);

// A hint that names `option`, or only --help for nullptr.
std::string did_you_mean(const OptionRow* option);

}  // namespace tether
