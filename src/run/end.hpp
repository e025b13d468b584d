// How a watched child's end becomes records, messages and an exit status.
#pragma once

#include <optional>

#include "run/start.hpp"

namespace tether {

// Waits for the end, records it, and returns tether's exit status; or a Failure that has been
// recorded and is still to be said. `failure`, if given, is why the child is being ended: it is
// recorded and said, and the status is its.
Result<int> wait_for_end(const Options& options, Start& start, Supervisor& supervisor,
                         std::optional<Failure> failure = std::nullopt);

}  // namespace tether
