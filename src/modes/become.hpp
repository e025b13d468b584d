// --become: tether's own process becomes another command, which holds the child's pidfd and is not
// its parent.
#pragma once

#include <optional>

#include "failure.hpp"
#include "policy/options.hpp"
#include "setup/launch.hpp"
#include "setup/receiver.hpp"

namespace tether {

// Forks a go-between. In the go-between `receiver` is set and the result means nothing: it makes
// the child, hands it over to `receiver` and exits, so that the child is an orphan, and no wait of
// the command's sees it. In the original process, returns only on failure: the go-between's exit
// status, or why the command cannot be run.
Result<int> become(const Options& options, const Inherited& inherited,
                   std::optional<Receiver>& receiver);

}  // namespace tether
