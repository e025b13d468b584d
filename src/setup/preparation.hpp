// What has to be so before a spawn: one list of questions in one order, for the start, which opens
// what it asks for, and for --dry-run, which only looks.
#pragma once

#include <optional>
#include <vector>

#include "failure.hpp"
#include "policy/guarantees.hpp"
#include "policy/options.hpp"
#include "report/reporter.hpp"
#include "setup/child_cgroup.hpp"
#include "setup/launch.hpp"
#include "setup/pidfile.hpp"
#include "setup/readiness_channel.hpp"
#include "setup/receiver.hpp"
#include "setup/tie_watch.hpp"
#include "sys/family.hpp"

namespace tether {

// What was opened, as far as it was asked for. Given back, it leaves nothing behind: a pidfile, a
// cgroup and files that were made for this start are removed with it.
struct Prepared {
  Reporter reporter;
  TieWatch ties;
  std::optional<Launch> launch;
  std::optional<Pidfile> pidfile;
  ReadinessChannel readiness;
  std::optional<ChildCgroup> cgroup;
  std::optional<Cgroup> seen_cgroup;  // looked at only; it may not be there yet
  std::vector<Relative> strangers;    // this process's children from before an exec
};

enum class Depth {
  open,
  look,  // opens nothing for writing; makes, takes and changes nothing that stays
};

// Fills `prepared` in the order of the questions, up to the first Failure. The reporter comes
// first, so that it can carry that. `receiver`: the process that gets the child, or null; with
// Depth::look always null. The references must outlive `prepared`.
Status prepare(Prepared& prepared, Depth depth, const Options& options, const Inherited& inherited,
               Receiver* receiver);

// Facts for the choice of means; COMMAND's capabilities are looked at only where they matter, and
// only where `launch` has found COMMAND.
CallerFacts facts_for(const Options& options, const Launch* launch);

}  // namespace tether
