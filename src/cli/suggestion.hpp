// Which option was meant by a word that is none.
#pragma once

#include <string_view>

#include "cli/option_table.hpp"

namespace tether {

// The option with the long name most like `word`, which has no dashes and may have a value behind
// an equals sign; nullptr if no name is similar.
const OptionRow* nearest_option(std::string_view word);

}  // namespace tether
