#include <optional>
#include <utility>

#include "run/background.hpp"
#include "run/end.hpp"
#include "run/keep.hpp"
#include "run/run.hpp"
#include "run/start.hpp"

namespace tether {
namespace {

Result<int> start_and_leave(const Options& options, Inherited& inherited) {
  Start start(options, inherited, HeldBy::nobody);
  if (Status started = start.run(); !started.ok()) return started.failure();
  if (options.learns_ending()) {
    Supervisor& supervisor = start.watch();
    Result<bool> ready = supervisor.wait_until_ready();
    if (!ready.ok()) return start.fail(ready.failure());
    if (!ready.value()) return wait_for_end(options, start, supervisor);
    supervisor.leave();
  }
  start.finish_records();
  return 0;
}

Result<int> start_and_keep(const Options& options, Inherited& inherited, Caller caller) {
  Start start(options, inherited, HeldBy::keeper);
  if (Status started = start.run(); !started.ok()) return started.failure();
  Supervisor& supervisor = start.watch();
  Result<bool> ready = supervisor.wait_until_ready();
  if (!ready.ok()) return start.fail(ready.failure());
  return ready.value() ? keep(options, start, supervisor, caller)
                       : wait_for_end(options, start, supervisor);
}

}  // namespace

Result<int> run_detached(const Options& options, Inherited& inherited) {
  if (!options.leaves_keeper()) return start_and_leave(options, inherited);
  std::optional<Caller> caller;
  Result<int> attended = go_to_background(caller, KeepersSession::own);
  if (!caller) return attended;
  return start_and_keep(options, inherited, std::move(*caller));
}

}  // namespace tether
