// Waits for children of this process, and adopts the orphans among their descendants.
#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <optional>

#include "sys/ending.hpp"

namespace tether {

// Reaps a child of this process (waitid(P_PIDFD), Linux 5.4, with __WALL). Blocks until the child
// has ended. Empty, with errno ECHILD, if this process has no such child. `usage`, if not null,
// gets the child's exact resource usage.
std::optional<Ending> reap(int pidfd, rusage* usage);

// Makes this process the parent of its orphaned descendants (PR_SET_CHILD_SUBREAPER). False and
// errno on failure.
bool adopt_orphans();

// Reaps the children that have ended, such as the orphans that a subreaper adopts. Stops at `but`,
// which is reaped elsewhere. Never blocks.
void reap_others(pid_t but);

struct StopOrContinue {
  bool stopped = false;  // else continued
  int signal = 0;        // that stopped the child
};
// Takes the next stop or continuation of a child; none if all were taken. Never blocks. Works for
// autoreaped children too.
std::optional<StopOrContinue> take_stop_or_continue(int pidfd);

// Whether a child is stopped, and take_stop_or_continue() has not taken that yet.
bool is_stopped(int pidfd);

// How a child has ended; its pidfd must be readable. Reaps the child, unless the kernel does
// (`autoreaped`): then waits until the kernel has released it, as exit_information() needs that. A
// tracer of the child can delay the release. Empty where nothing can tell. `usage`, if not null,
// gets the exact usage of a child that is reaped here.
std::optional<Ending> learn_ending(int pidfd, bool autoreaped, rusage* usage = nullptr);

// Whether this process has a child, its own or adopted, that lives or has not been reaped.
bool has_children();

}  // namespace tether
