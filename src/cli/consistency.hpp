// Refuses options that contradict each other, and options that have no effect alone. Pure.
#pragma once

#include <span>

#include "cli/boundary.hpp"
#include "failure.hpp"
#include "policy/options.hpp"

namespace tether {

// Two options by their long names, and why they contradict each other.
struct Contradiction {
  const char* one;
  const char* other;
  const char* reason;
};

// The pairs that contradict each other whatever else is given.
std::span<const Contradiction> contradiction_table();

// `boundary` says which options were named, `options` what they set. Failure: Stage::usage.
Status check_consistency(const Boundary& boundary, const Options& options);

}  // namespace tether
