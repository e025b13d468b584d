#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <optional>
#include <string>
#include <utility>

#include "run/background.hpp"
#include "run/end.hpp"
#include "run/run.hpp"
#include "run/start.hpp"
#include "sys/process_title.hpp"

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

// From here on the keeper is nobody's: it holds no directory and no descriptor of the caller's but
// the one that records are asked for on, and says nothing more.
void let_go(const Options& options, const Inherited& inherited, Start& start) {
  if (options.status_fd != STDOUT_FILENO) start.finish_output();
  (void)!::chdir("/");
  release_callers_descriptors(options);
  // Not the arguments: what COMMAND hides of its own, nobody else should show.
  const std::string title =
      fmt::format("tether: keeper of {}: {}", start.pid(), options.command[0]);
  set_process_title(inherited.arguments, inherited.environment, title);
}

Result<int> keep(const Options& options, const Inherited& inherited, Start& start,
                 Supervisor& supervisor, Caller& caller) {
  std::string name = options.command[0];
  std::array<char*, 2> command{name.data(), nullptr};
  let_go(options, inherited, start);
  caller.release();
  // The words of the command line are gone with the title.
  Options later = options;
  later.command = command.data();
  later.verbose = false;
  return wait_for_end(later, start, supervisor);
}

Result<int> start_and_keep(const Options& options, Inherited& inherited, Caller caller) {
  Start start(options, inherited, HeldBy::keeper);
  if (Status started = start.run(); !started.ok()) return started.failure();
  Supervisor& supervisor = start.watch();
  Result<bool> ready = supervisor.wait_until_ready();
  if (!ready.ok()) return start.fail(ready.failure());
  return ready.value() ? keep(options, inherited, start, supervisor, caller)
                       : wait_for_end(options, start, supervisor);
}

}  // namespace

Result<int> run_detached(const Options& options, Inherited& inherited) {
  if (!options.leaves_keeper()) return start_and_leave(options, inherited);
  std::optional<Caller> caller;
  Result<int> attended = go_to_background(caller);
  if (!caller) return attended;
  return start_and_keep(options, inherited, std::move(*caller));
}

}  // namespace tether
