// The text of --help and --version, made from the option table.
#pragma once

#include <string>

namespace tether {

std::string help_text();
std::string version_text();

}  // namespace tether
