// How a job went, and the exit status that tether has for it.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "policy/lifecycle.hpp"
#include "policy/options.hpp"
#include "report/records.hpp"
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

// How a process ended, as part of a sentence: "exited with status 3".
std::string manner_of(const Ending& ending);

// tether's exit status for a job that has ended: COMMAND's own where nothing else has to be told.
int final_status(const Options& options, const Outcome& outcome);

}  // namespace tether
