// How a watched child's end becomes records, messages and an exit status.
#pragma once

#include "run/start.hpp"

namespace tether {

// Waits for the end, records it, and returns tether's exit status; or a Failure that has been
// recorded and is still to be said: a child that did not become ready is one.
Result<int> wait_for_end(const Options& options, Start& start, Supervisor& supervisor);

}  // namespace tether
