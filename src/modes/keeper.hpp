// What the keeper does once the child is left to it.
#pragma once

#include "failure.hpp"
#include "modes/background.hpp"
#include "policy/options.hpp"
#include "run/job.hpp"

namespace tether {

// Leaves the caller's session, directory and descriptors, lets the original process return, and
// stays until the child has ended. Returns the keeper's exit status. `options` are those that `job`
// was made with; their command line is gone afterwards, but for COMMAND's name.
Result<int> keep(Options& options, Job& job, OriginalProcess& original);

}  // namespace tether
