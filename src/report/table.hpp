// Rows of the tables that --features and --dry-run print: 80 columns wide, with a newline.
#pragma once

#include <string>
#include <string_view>

#include "policy/guarantees.hpp"

namespace tether {

// A name and a text, which is wrapped where it is long.
std::string table_row(std::string_view name, std::string_view text);

// A guarantee, the name of its means ("-" for none), and the means in plain words.
std::string table_row(std::string_view name, Means means, std::string_view text);

}  // namespace tether
