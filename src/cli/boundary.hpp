// Where tether's own words end and COMMAND begins. The parser library never sees COMMAND, which
// arrives byte for byte whatever it looks like.
#pragma once

#include <string>
#include <vector>

#include "cli/option_table.hpp"
#include "failure.hpp"

namespace tether {

// One option of the command line, in the order given.
struct NamedOption {
  const OptionRow* row = nullptr;
  std::string value;           // empty for a flag
  std::size_t word = 0;        // of argv: where the value ends
  bool value_is_word = false;  // not attached to the option
};

struct Boundary {
  std::vector<NamedOption> options;
  std::size_t command = 0;  // index into argv; argc if there is no COMMAND
};

// Options end at the first word that is not one, or after "--". A Failure (usage) names the word
// that is not an option of ours, or that lacks its value or has one it should not have.
Result<Boundary> find_boundary(int argc, const char* const* argv);

}  // namespace tether
