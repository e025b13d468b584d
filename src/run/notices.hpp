// What tether says of the start and of the end of a job, on standard error.
#pragma once

#include "policy/options.hpp"
#include "run/binding.hpp"
#include "run/outcome.hpp"
#include "setup/preparation.hpp"

namespace tether {

// Says what --detach has put in the place of standard descriptors; with -v also by which means the
// child was made and is bound.
void tell_of_start(const Options& options, const Prepared& prepared, const BoundChild& bound);

// Says which descendants could not be ended; with -v also how COMMAND ended.
void tell_of_end(const Options& options, const Outcome& outcome);

}  // namespace tether
