// Which options cannot stand together, and which are nothing alone. Pure.
#pragma once

#include <span>

#include "cli/boundary.hpp"
#include "failure.hpp"
#include "policy/options.hpp"

namespace tether {

// Options that cannot stand together, and why.
struct Contradiction {
  const char* one;
  const char* other;
  const char* reason;
};

// Those that do so whatever else is given.
std::span<const Contradiction> contradiction_table();

// `boundary` says which options were named, `options` what they set.
Status check_consistency(const Boundary& boundary, const Options& options);

}  // namespace tether
