// --become: tether's own process becomes another command, which holds the child's pidfd and is not
// its parent.
#pragma once

#include <optional>

#include "failure.hpp"
#include "policy/options.hpp"
#include "setup/launch.hpp"
#include "setup/receiver.hpp"

namespace tether {

// Returns twice. In a fork, which is to make the child, hand it over to `receiver` and leave, that
// is set and the result means nothing: so the child is an orphan, and no wait of the command's sees
// it. In the tether that was called it returns only when that fails: what the fork has returned, or
// why the command cannot be run.
Result<int> become(const Options& options, const Inherited& inherited,
                   std::optional<Receiver>& receiver);

}  // namespace tether
