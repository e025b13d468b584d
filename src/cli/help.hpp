// The text of --help, made from the option table.
#pragma once

#include <string>

namespace tether {

std::string help_text();

}  // namespace tether
