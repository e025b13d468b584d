// How a job went, and what that becomes: an exit status, an error, a record, what is said, and the
// way tether itself ends.
#pragma once

#include <sys/types.h>

#include <optional>

#include "failure.hpp"
#include "policy/lifecycle.hpp"
#include "policy/options.hpp"
#include "report/records.hpp"
#include "run/readiness_watch.hpp"
#include "setup/child_cgroup.hpp"
#include "sys/ending.hpp"
#include "tree/sweep.hpp"

namespace tether {

struct Outcome {
  enum class Readiness {
    awaited,    // COMMAND ended before it was ready
    in_time,    // COMMAND was ready, or no readiness was asked for
    timed_out,  // --ready-timeout passed, and tether ended COMMAND
  };

  pid_t pid = -1;  // of the main process, which may have changed
  Ending ending;
  Cause cause = Cause::command;
  Readiness readiness = Readiness::awaited;
  bool escalated = false;  // SIGKILL was needed
  double elapsed_s = 0;
  std::optional<Usage> usage;
  bool had_terminal = false;  // the child's own process group was in the foreground at its end
  std::optional<SweepCount> tree;
  bool ended_by_kernel = false;  // the first process of the namespace was killed, and all with it

  [[nodiscard]] bool was_ready() const { return readiness == Readiness::in_time; }
};

// tether's exit status for a job that has ended: COMMAND's own where nothing else has to be told.
int final_status(const Options& options, const Outcome& outcome);

// What a COMMAND did that ended before it was ready. `status` is tether's exit status for that.
Failure not_ready(const Options& options, const Outcome& outcome, const ReadinessWatch& readiness,
                  int status);

ExitRecord exit_record(const Outcome& outcome, int status);

// Measures what was used in the cgroup, for `record`, and removes the cgroup; says if it stays.
void leave_cgroup(const Options& options, ChildCgroup& cgroup, ExitRecord& record);

// Says which descendants could not be ended; with -v also how COMMAND ended.
void tell_of_end(const Options& options, const Outcome& outcome);

// Ends tether by the SIGINT or SIGQUIT that ended COMMAND, if `status` is the one of that. Where
// COMMAND's own process group had the terminal, that group alone was interrupted: then tether's
// group gets the same signal. Else returns.
void die_of_interrupt(const Outcome& outcome, int status);

}  // namespace tether
