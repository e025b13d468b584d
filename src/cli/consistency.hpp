// Refuses options that contradict each other, and options that have no effect alone. Pure.
#pragma once

#include <initializer_list>
#include <span>
#include <string_view>

#include "cli/boundary.hpp"
#include "failure.hpp"
#include "policy/options.hpp"

namespace tether {

// An option that contradicts each of some others, by their long names, and the reason.
struct Contradiction {
  std::string_view one;
  std::initializer_list<const char*> others;
  const char* reason;
};

// The options that contradict each other whatever else is given.
std::span<const Contradiction> contradiction_table();

// `boundary` says which options were named, `options` what they set. Failure: Stage::usage.
Status check_consistency(const Boundary& boundary, const Options& options);

}  // namespace tether
