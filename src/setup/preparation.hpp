// What must hold before a spawn: one list of questions in one order, for the start, which opens
// what it needs, and for --dry-run, which only looks.
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
#include "sys/processes.hpp"

namespace tether {

// What was opened. Its destructor removes a pidfile, a cgroup and files made for a failed start.
struct Prepared {
  Reporter reporter;
  TieWatch ties;
  std::optional<Launch> launch;
  std::optional<Pidfile> pidfile;
  ReadinessChannel readiness;
  std::optional<ChildCgroup> cgroup;
  std::optional<Cgroup> seen_cgroup;  // with Depth::look; may not exist yet
  std::vector<Relative> strangers;    // this process's children from before an exec
};

enum class Depth {
  open,
  look,  // opens nothing for writing; makes, takes and changes nothing that stays
};

// Fills `prepared` in the order of the questions, up to the first Failure; the reporter comes
// first, to record that. `receiver` is null with Depth::look. The references must outlive
// `prepared`.
Status prepare(Prepared& prepared, Depth depth, const Options& options, const Inherited& inherited,
               Receiver* receiver);

// Facts for choose_means(). With a `launch` also COMMAND's capabilities, where they matter.
CallerFacts facts_for(const Options& options, const Launch* launch);

}  // namespace tether
