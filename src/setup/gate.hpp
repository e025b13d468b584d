// The gate of --block-fd: the child exists, and executes COMMAND when a descriptor of the caller is
// readable or at end of file.
#pragma once

#include "failure.hpp"
#include "policy/options.hpp"
#include "setup/tie_watch.hpp"
#include "spawn/spawn.hpp"
#include "tree/warden.hpp"

namespace tether {

// What tether watches while the gate is closed, beside the gate and the child. Borrowed.
struct GateWatch {
  Warden* warden;  // the child's parent, or null
  int signals;     // signalfd(2): passed on to the child, except those that ask to end
  int receiver;    // the receiver's socket, or -1: its hang-up ends the child
  TieWatch& ties;  // after begin()
};

// Waits until the gate opens, then closes its descriptor if it is above 2 and no option needs it.
// Reads nothing: the data may be for COMMAND. A signal that asks to end, a tie and the child's own
// end are a Failure (Stage::gate) with the exit status.
Status wait_at_gate(const Options& options, const Child& held, GateWatch also);

}  // namespace tether
