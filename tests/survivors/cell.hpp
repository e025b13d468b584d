// One cell of the table: one command under one wrapper, brought to one death.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "rows.hpp"

namespace survivors {

struct Cell {
  // Whether there was a whole family to be brought to anything; if not, what the wrapper said.
  bool started = false;
  std::string complaint;
  // The roles that live on.
  std::set<std::string> survivors;
  // Whether all that was left could be ended.
  bool cleared = true;
};

// How many roles there are.
constexpr std::size_t family_size = 7;

// Whether these survivors are in accordance with a claim.
bool is_kept(Claim claim, const std::set<std::string>& survivors);

// Plays it: `words` start the wrapper, `family` is the program of the family. To be called in a
// process without children, to which everything of the cell belongs; throws std::system_error and
// std::runtime_error.
Cell play(const Row& row, const std::vector<std::string>& words, const std::string& family,
          Death death);

// For the way from that process to another one.
std::string to_text(const Cell& cell);
Cell from_text(const std::string& text);

}  // namespace survivors
