#include <optional>
#include <utility>

#include "run/background.hpp"
#include "run/become.hpp"
#include "run/end.hpp"
#include "run/keep.hpp"
#include "run/receiver.hpp"
#include "run/run.hpp"
#include "run/start.hpp"

namespace tether {
namespace {

// Nothing of ours may hold the pidfd afterwards that the child's life hangs on.
Status give_away(Start& start, Supervisor& supervisor, Receiver& receiver) {
  Result<UniqueFd> pidfd = supervisor.take_pidfd();
  if (!pidfd.ok()) return pidfd.failure();
  Status given =
      receiver.give(start.start_line(), pidfd.value().get(), supervisor.hold().lifeline());
  if (!given.ok()) return given;
  supervisor.hold().handed_over();
  start.set_receiver(nullptr);
  receiver.close();
  return Unit{};
}

Result<int> start_and_hand_over(const Options& options, Inherited& inherited, Receiver& receiver,
                                std::optional<Caller>& caller) {
  Start start(options, inherited, options.become ? HeldBy::become : HeldBy::socket);
  start.set_receiver(&receiver);
  if (Status started = start.run(); !started.ok()) return started.failure();
  Supervisor& supervisor = start.watch();
  Result<bool> ready = supervisor.wait_until_ready();
  if (!ready.ok()) return start.fail(ready.failure());
  if (!ready.value()) return wait_for_end(options, start, supervisor);
  if (Status given = give_away(start, supervisor, receiver); !given.ok()) {
    // A child that could be given to nobody is none.
    supervisor.kill();
    return wait_for_end(options, start, supervisor, given.failure());
  }
  if (caller) return keep(options, start, supervisor, *caller);
  supervisor.leave();
  start.finish_records();
  return 0;
}

Result<int> hand_over(const Options& options, Inherited& inherited, Receiver receiver) {
  std::optional<Caller> caller;
  if (options.leaves_keeper()) {
    Result<int> attended = go_to_background(caller, KeepersSession::callers);
    if (!caller) return attended;
  }
  return start_and_hand_over(options, inherited, receiver, caller);
}

}  // namespace

Result<int> run_handing_over(const Options& options, Inherited& inherited) {
  Options ours = options;
  if (options.autokill)
    ours.watches_holder = must_watch_holder(options, probe_kernel(), facts_for(options, nullptr));
  if (!options.become) return hand_over(ours, inherited, Receiver());
  std::optional<Receiver> receiver;
  Result<int> became = become(options, inherited, receiver);
  if (!receiver) return became;
  return hand_over(ours, inherited, std::move(*receiver));
}

}  // namespace tether
