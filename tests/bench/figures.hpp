// Everything that is measured of one contestant.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "contestants.hpp"

namespace bench {

struct Figures {
  Contestant who;
  // The same in every run.
  std::uint64_t instructions = 0;
  std::uint64_t system_calls = 0;
  long faults = 0;
  std::uintmax_t bytes = 0;
  bool is_static = false;
  std::optional<long> dirty_kb;  // none: does not stay
  // Of this run and this machine.
  double added_us = 0;
  std::map<std::string, double> added_ratio;  // by the program compared with
};

struct Plan {
  std::string tether;
  std::string target;
  int rounds = 0;
};

struct Comparison {
  std::vector<Figures> rows;
  std::vector<std::string> remarks;  // who is missing, and why
  double bare_us = 0;
  double noise_us = 0;  // a second copy of the bare target, measured like a tool
};

// Throws if tether itself does not work.
Comparison compare(const Plan& plan);

// nullptr: not in the comparison.
const Figures* find(const Comparison& comparison, const std::string& program, bool stays);

}  // namespace bench
