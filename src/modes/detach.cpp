#include <optional>
#include <utility>

#include "modes/background.hpp"
#include "modes/keeper.hpp"
#include "modes/modes.hpp"
#include "run/job.hpp"

namespace tether {
namespace {

Result<int> start_and_leave(const Options& options, Inherited& inherited) {
  Job job(options, inherited);
  if (Status started = job.start(); !started.ok()) return started.failure();
  if (options.learns_ending()) {
    Result<bool> ready = job.wait_until_ready();
    if (!ready.ok()) return ready.failure();
    if (!ready.value()) return job.wait_for_end();
  }
  job.leave();
  return 0;
}

Result<int> start_and_keep(Options& options, Inherited& inherited, OriginalProcess original) {
  Job job(options, inherited);
  if (Status started = job.start(); !started.ok()) return started.failure();
  Result<bool> ready = job.wait_until_ready();
  if (!ready.ok()) return ready.failure();
  return ready.value() ? keep(options, job, original) : job.wait_for_end();
}

}  // namespace

Result<int> run_detached(Options& options, Inherited& inherited) {
  if (!options.leaves_keeper()) return start_and_leave(options, inherited);
  std::optional<OriginalProcess> original;
  Result<int> attended = go_to_background(original, KeepersSession::own);
  if (!original) return attended;
  return start_and_keep(options, inherited, std::move(*original));
}

}  // namespace tether
