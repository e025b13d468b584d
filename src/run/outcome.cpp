#include "run/outcome.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "report/messages.hpp"
#include "sys/signal_names.hpp"

namespace tether {

std::string manner_of(const Ending& ending) {
  return ending.code == Ending::Code::exited
             ? fmt::format("exited with status {}", ending.exit_code)
             : fmt::format("was killed by {}{}", signal_name(ending.signal),
                           ending.code == Ending::Code::dumped ? " (core dumped)" : "");
}

int final_status(const Options& options, const Outcome& outcome) {
  const bool keeps_status = options.preserve_status && outcome.was_ready();
  if (outcome.readiness == Outcome::Readiness::timed_out ||
      (outcome.cause == Cause::timeout && !keeps_status))
    return exit_timed_out;
  if (outcome.cause == Cause::not_ready) return exit_tether_failed;
  const int status = outcome.ending.shell_status();
  const auto& successes = options.success_status;
  const bool is_success =
      status == 0 || std::find(successes.begin(), successes.end(), status) != successes.end();
  if (!is_success) return status;
  return outcome.was_ready() ? 0 : exit_tether_failed;
}

}  // namespace tether
