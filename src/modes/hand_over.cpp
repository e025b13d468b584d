#include <optional>
#include <utility>

#include "modes/background.hpp"
#include "modes/become.hpp"
#include "modes/keeper.hpp"
#include "modes/modes.hpp"
#include "run/job.hpp"
#include "setup/receiver.hpp"

namespace tether {
namespace {

Result<int> start_and_hand_over(Options& options, Inherited& inherited, Receiver& receiver,
                                std::optional<OriginalProcess>& original) {
  Job job(options, inherited, &receiver);
  if (Status started = job.start(); !started.ok()) return started.failure();
  Result<bool> ready = job.wait_until_ready();
  if (!ready.ok()) return ready.failure();
  if (!ready.value()) return job.wait_for_end();
  if (Status given = job.hand_over(); !given.ok()) return job.wait_for_end(given.failure());
  if (original) return keep(options, job, *original);
  job.leave();
  return 0;
}

Result<int> hand_over(Options& options, Inherited& inherited, Receiver receiver) {
  std::optional<OriginalProcess> original;
  if (options.leaves_keeper()) {
    Result<int> attended = go_to_background(original, KeepersSession::callers);
    if (!original) return attended;
  }
  return start_and_hand_over(options, inherited, receiver, original);
}

}  // namespace

Result<int> run_handing_over(Options& options, Inherited& inherited) {
  if (options.autokill)
    options.watches_last_close =
        must_watch_last_close(options, probe_kernel(), facts_for(options, nullptr));
  if (!options.become) return hand_over(options, inherited, Receiver());
  std::optional<Receiver> receiver;
  Result<int> became = become(options, inherited, receiver);
  if (!receiver) return became;
  return hand_over(options, inherited, std::move(*receiver));
}

}  // namespace tether
