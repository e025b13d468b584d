// Tables for a person to read, 80 columns wide.
#pragma once

#include <string>
#include <string_view>

#include "policy/guarantees.hpp"

namespace tether {

// A name and what is to be said of it, which goes on below itself where it is long.
std::string table_row(std::string_view name, std::string_view text);

// A guarantee, the label of what meets it, and that in plain words. No label is shown as a dash.
std::string table_row(std::string_view name, Means means, std::string_view text);

}  // namespace tether
