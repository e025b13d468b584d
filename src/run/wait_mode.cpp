#include "run/end.hpp"
#include "run/run.hpp"
#include "run/start.hpp"

namespace tether {

Result<int> run_and_wait(const Options& options, Inherited& inherited) {
  Start start(options, inherited, HeldBy::tether);
  if (Status started = start.run(); !started.ok()) return started.failure();
  return wait_for_end(options, start, start.watch());
}

}  // namespace tether
