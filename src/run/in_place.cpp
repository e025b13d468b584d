#include <unistd.h>

#include "engine/child.hpp"
#include "run/run.hpp"
#include "sys/signals.hpp"

namespace tether {

Failure run_in_place(const Options& options, Inherited& inherited) {
  Result<Launch> prepared = Launch::prepare(options, inherited);
  if (!prepared.ok()) return prepared.failure();
  const Launch& launch = prepared.value();
  Guarantees chosen;
  if (options.nnp) chosen.nnp = Means::prctl;  // there is no clone that could do it

  inherited.signals = take_over_signals();
  const ChildPlan plan = launch.plan(chosen);
  const pid_t group = ::getpgrp();
  const ChildReport report = become_command(plan);
  if (plan.terminal_fd >= 0) (void)::tcsetpgrp(plan.terminal_fd, group);
  Failure failure{report.stage, report.error_number, {}, {}, {}};
  if (report.stage == Stage::exec) return launch.explain_exec(failure);
  if (report.stage == Stage::session)
    failure.hint =
        "the leader of a process group cannot: leave out --exec, or start it from a script";
  return failure;
}

}  // namespace tether
