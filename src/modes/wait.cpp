#include "modes/modes.hpp"
#include "run/job.hpp"

namespace tether {

Result<int> run_and_wait(const Options& options, Inherited& inherited) {
  Job job(options, inherited);
  if (Status started = job.start(); !started.ok()) return started.failure();
  return job.wait_for_end();
}

}  // namespace tether
