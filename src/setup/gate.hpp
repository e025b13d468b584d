// The gate of --block-fd: the child is there, and COMMAND waits until a descriptor of the caller's
// is readable or at its end.
#pragma once

#include "failure.hpp"
#include "policy/options.hpp"
#include "setup/tie_watch.hpp"
#include "spawn/spawn.hpp"
#include "sys/descriptors.hpp"
#include "tree/warden.hpp"

namespace tether {

// Before the spawn: makes sure that the descriptor is there, if one is named, and that COMMAND gets
// no copy of it.
Status check_gate(const Options& options, const CallersDescriptors& callers);

// What is looked at while the gate is closed, beside the gate and the child.
struct GateWatch {
  Warden* warden;  // the child's parent, or null
  int signals;     // signalfd(2): they go on to the child, but for those that ask to end
  int receiver;    // the socket that the child will be handed over by, or -1: its hang-up ends it
  TieWatch& ties;  // begun
};

// Waits until the gate opens. Nobody reads what opened it: it may be COMMAND's. A signal that asks
// to end, a tie and the child's own end are a Failure at Stage::gate that has the exit status.
Status wait_at_gate(const Options& options, const Child& held, GateWatch also);

}  // namespace tether
