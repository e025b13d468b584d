// What the end of a job becomes: an error, a record, and the way tether itself ends.
#pragma once

#include "failure.hpp"
#include "policy/options.hpp"
#include "report/records.hpp"
#include "run/outcome.hpp"
#include "run/readiness_watch.hpp"
#include "setup/child_cgroup.hpp"

namespace tether {

// What a COMMAND did that ended before it was ready. `status` is tether's exit status for that.
Failure not_ready(const Options& options, const Outcome& outcome, const ReadinessWatch& readiness,
                  int status);

ExitRecord exit_record(const Outcome& outcome, int status);

// Measures what was used in the cgroup, for `record`, and removes the cgroup; says if it stays.
void leave_cgroup(const Options& options, ChildCgroup& cgroup, ExitRecord& record);

// Ends tether by the SIGINT or SIGQUIT that ended COMMAND, if `status` is the one of that. Where
// COMMAND's own process group had the terminal, that group alone was interrupted: then tether's
// group gets the same signal. Else returns.
void die_of_interrupt(const Outcome& outcome, int status);

}  // namespace tether
