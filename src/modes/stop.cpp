#include <fmt/format.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <optional>

#include "modes/modes.hpp"
#include "report/messages.hpp"
#include "setup/pidfile.hpp"
#include "sys/deadline.hpp"
#include "sys/pidfd.hpp"
#include "sys/signal_names.hpp"

namespace tether {
namespace {

constexpr int exit_nothing_running = 1;

// Whether the process has ended within `patience`.
Result<bool> wait_for_end_of(int pidfd, Duration patience) {
  using std::chrono::milliseconds;
  const Awaited end = await(
      pidfd, patience == never ? milliseconds::max() : std::chrono::ceil<milliseconds>(patience));
  if (end == Awaited::failed) return Failure{.stage = Stage::supervise, .error_number = errno};
  return end == Awaited::ready;
}

Status send(const Pidfile::Running& running, int signal) {
  if (send_signal(running.pidfd.get(), signal) || errno == ESRCH) return Unit{};
  return Failure{.stage = Stage::stop,
                 .error_number = errno,
                 .detail = fmt::format("cannot send {} to process {}", signal_name(signal),
                                       running.identity.pid)};
}

Status end(const Options& options, const Pidfile::Running& running) {
  if (Status sent = send(running, options.signal); !sent.ok()) return sent;
  // A stopped process does not act on a signal before it is continued.
  (void)send_signal(running.pidfd.get(), SIGCONT);
  Result<bool> ended = wait_for_end_of(running.pidfd.get(), options.kill_after);
  if (!ended.ok()) return ended.failure();
  if (ended.value()) return Unit{};
  if (options.verbose)
    say(fmt::format("process {} did not end after {}: sending SIGKILL", running.identity.pid,
                    signal_name(options.signal)));
  if (Status sent = send(running, SIGKILL); !sent.ok()) return sent;
  ended = wait_for_end_of(running.pidfd.get(), never);
  return ended.ok() ? Status(Unit{}) : ended.failure();
}

}  // namespace

Result<int> run_stop(const Options& options) {
  std::optional<Pidfile::Running> running;
  Result<Pidfile> looked = Pidfile::look(*options.pidfile, running);
  if (!looked.ok()) return looked.failure();
  if (!running) {
    if (!options.quiet) say(fmt::format("nothing is running for pidfile '{}'", *options.pidfile));
    return exit_nothing_running;
  }
  if (Status ended = end(options, *running); !ended.ok()) return ended.failure();
  looked.value().remove();
  if (options.verbose) say(fmt::format("process {} has ended", running->identity.pid));
  return 0;
}

}  // namespace tether
