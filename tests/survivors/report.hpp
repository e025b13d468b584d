// The result of each cell for a program that reads it: with TETHER_REPORT=FILE in the environment a
// line "NAME<TAB>passed|failed|skipped<TAB>why" is added to FILE for each.
#pragma once

#include <string>

namespace survivors {

enum class Verdict { passed, failed, skipped };

// Throws std::system_error when FILE cannot be written.
void report(const std::string& name, Verdict verdict, const std::string& why = "");

}  // namespace survivors
