// One cell of the table: one command under one wrapper, brought to one death.
#pragma once

#include <chrono>
#include <set>
#include <string>
#include <vector>

#include "patience.hpp"
#include "rows.hpp"

namespace survivors {

struct Cell {
  // Whether there was a whole family to be brought to anything; if not, what the wrapper said.
  bool started = false;
  std::string complaint;
  // Whether what is claimed came true.
  bool kept = true;
  // The roles that live on; not looked at when only a claim was waited for that came true.
  std::set<std::string> survivors;
  // Whether all that was left could be ended.
  bool cleared = true;
};

// How many roles there are.
constexpr std::size_t family_size = 7;

// What is played. The first word is a path.
struct Play {
  std::vector<std::string> words;
  Death death = Death::kill_wrapper;
  Claim claim = Claim::none;
};

// Both are to be called in a process without children, to which everything of the cell belongs.
// They throw std::system_error and std::runtime_error.

// Who lives on once nothing has changed for `quiet`.
Cell observe(const Play& play, std::chrono::milliseconds quiet);
// Whether the claim comes true: over as soon as it has.
Cell prove(const Play& play, Bound patience = {});

// "0", "all 7", "5: all but child, group", "3: sessions, comet".
std::string shown(const Cell& cell);

// For the way from that process to another one.
std::string to_text(const Cell& cell);
Cell from_text(const std::string& text);

}  // namespace survivors
