// The text of --help, made from the option table: at most 80 columns wide.
#pragma once

#include <string>

namespace tether {

std::string help_text();

}  // namespace tether
