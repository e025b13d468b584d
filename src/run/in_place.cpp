#include <unistd.h>

#include "engine/child.hpp"
#include "run/run.hpp"

namespace tether {

Failure run_in_place(const Options& options, const Inherited& inherited) {
  Result<Launch> prepared = Launch::prepare(options, inherited);
  if (!prepared.ok()) return prepared.failure();
  const Launch& launch = prepared.value();
  Guarantees chosen;
  if (options.nnp) chosen.nnp = Means::prctl;  // there is no clone that could do it

  const ChildReport report = become_command(launch.plan(chosen));
  Failure failure{report.stage, report.error_number, {}, {}, {}};
  if (report.stage == Stage::exec) return launch.explain_exec(failure);
  if (report.stage == Stage::session)
    failure.hint =
        "the leader of a process group cannot: leave out --exec, or start it from a script";
  return failure;
}

}  // namespace tether
