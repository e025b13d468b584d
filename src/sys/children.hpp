// Children of this process: waiting for them, and adopting the orphans among their descendants.
#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <optional>

#include "sys/ending.hpp"

namespace tether {

// Reaps a child of this process: waitid(P_PIDFD), Linux 5.4, __WALL. Blocks until the child has
// ended. Empty if this process has no such child (errno ECHILD). `usage`, if given, gets the
// child's exact resource usage.
std::optional<Ending> reap(int pidfd, rusage* usage);

// Makes this process the parent of its orphaned descendants (PR_SET_CHILD_SUBREAPER). False and
// errno on failure.
bool adopt_orphans();

// Reaps the children that have ended and that nothing else waits for: orphans that came to a
// subreaper. Leaves `but` alone, whose exit status is taken elsewhere. Never blocks.
void reap_others(pid_t but);

struct StopOrContinue {
  bool stopped = false;  // else continued
  int signal = 0;        // what stopped it
};
// Takes one stop or continuation of a child that has not been told yet. Never blocks. Works for
// autoreaped children too.
std::optional<StopOrContinue> take_stop_or_continue(int pidfd);

// Whether a child is stopped, and take_stop_or_continue() has not taken that yet.
bool is_stopped(int pidfd);

// How a child has ended whose pidfd is readable. Reaps it, unless the kernel does (`autoreaped`);
// then waits for its release, as exit_information() is there only afterwards. A tracer of the child
// can delay that. Empty where nothing can tell. `usage`, if given, gets the exact usage of a child
// that is reaped here.
std::optional<Ending> learn_ending(int pidfd, bool autoreaped, rusage* usage = nullptr);

// Whether this process has a child, by birth or by adoption, that lives or was not waited for.
bool has_children();

}  // namespace tether
