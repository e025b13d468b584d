// Splits argv into tether's own options and COMMAND. The parser library never sees the words of
// COMMAND, which stay byte for byte as the caller gave them.
#pragma once

#include <string>
#include <vector>

#include "cli/option_table.hpp"
#include "failure.hpp"

namespace tether {

struct NamedOption {
  const OptionRow* row = nullptr;
  std::string value;           // empty for a flag
  std::size_t word = 0;        // index into argv: the word that ends with the value
  bool value_is_word = false;  // the value is a word of its own
};

struct Boundary {
  std::vector<NamedOption> options;  // in the order given
  std::size_t command = 0;           // index into argv; argc if there is no COMMAND
};

// Options end at the first word that is not one, or after "--". Failure: Stage::usage.
Result<Boundary> find_boundary(int argc, const char* const* argv);

}  // namespace tether
