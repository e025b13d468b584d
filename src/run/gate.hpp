// The gate of --block-fd: the child is there, and COMMAND waits until a descriptor of the caller's
// is readable or at its end.
#pragma once

#include "engine/spawn.hpp"
#include "policy/options.hpp"
#include "result.hpp"
#include "sys/descriptors.hpp"

namespace tether {

// Before the spawn: makes sure that the descriptor is there, if one is named, and that COMMAND gets
// no copy of it.
Status check_gate(const Options& options, const CallersDescriptors& callers);

// Waits until the gate opens. Nobody reads what opened it: it may be COMMAND's. Signals that arrive
// on `signals` (signalfd(2)) go on to the child, but for those that ask to end. Such a one, and the
// child's own end, is a Failure at Stage::gate that has the exit status. `receiver`: the socket
// that the child will be handed over by, or -1; its hang-up is a Failure, too.
Status wait_at_gate(const Options& options, const Child& held, int signals, int receiver);

}  // namespace tether
