// What the keeper does once the child is to be left to it.
#pragma once

#include "policy/options.hpp"
#include "run/background.hpp"
#include "run/start.hpp"

namespace tether {

// Leaves the caller's world, lets the tether that was called return, and stays until the child has
// ended. Returns what the keeper leaves with.
Result<int> keep(const Options& options, Start& start, Supervisor& supervisor, Caller& caller);

}  // namespace tether
