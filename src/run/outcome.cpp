#include "run/outcome.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "failure.hpp"
#include "report/messages.hpp"
#include "sys/signal_names.hpp"
#include "sys/signals.hpp"

namespace tether {
namespace {

constexpr std::size_t longest_quotation = 200;

bool was_our_doing(Cause cause) {
  return cause != Cause::command && cause != Cause::signal;
}

// How a process ended, as part of a sentence: "exited with status 3".
std::string manner_of(const Ending& ending) {
  return ending.code == Ending::Code::exited
             ? fmt::format("exited with status {}", ending.exit_code)
             : fmt::format("was killed by {}{}", signal_name(ending.signal),
                           ending.code == Ending::Code::dumped ? " (core dumped)" : "");
}

// Also where all else went well: the caller asked for the whole tree.
void tell_of_survivors(const Options& options, const Outcome& outcome) {
  const int survivors = outcome.tree ? outcome.tree->out_of_reach : 0;
  if (survivors == 0 || options.quiet) return;
  say(fmt::format("{} {} of '{}' could not be ended", survivors,
                  survivors == 1 ? "descendant" : "descendants", options.command[0]));
}

}  // namespace

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

Failure not_ready(const Options& options, const Outcome& outcome, const ReadinessWatch& readiness,
                  int status) {
  const char* command = options.command[0];
  Failure failure{.stage = Stage::ready, .error_number = readiness.error_number().value_or(0)};
  if (outcome.readiness == Outcome::Readiness::timed_out) {
    failure.detail = fmt::format("'{}' was not ready in time, and was ended", command);
  } else if (outcome.cause == Cause::not_ready) {
    failure.detail = fmt::format(
        "'{}' closed its notify descriptor before it was ready, and was ended", command);
  } else if (was_our_doing(outcome.cause)) {
    failure.detail =
        fmt::format("'{}' was ended before it was ready: {}", command, explain(outcome.cause));
  } else {
    failure.detail = fmt::format("'{}' {} before it was ready", command, manner_of(outcome.ending));
  }
  if (failure.error_number != 0)
    failure.detail += fmt::format(": {}", error_text(failure.error_number));
  if (readiness.status())
    failure.hint =
        fmt::format("COMMAND reported '{}'", readiness.status()->substr(0, longest_quotation));
  failure.exit_status = status;
  return failure;
}

ExitRecord exit_record(const Outcome& outcome, int status) {
  ExitRecord record;
  record.pid = outcome.pid;
  record.ending = outcome.ending;
  record.cause = outcome.cause;
  record.escalated = outcome.escalated;
  record.elapsed_s = outcome.elapsed_s;
  record.usage = outcome.usage;
  if (outcome.tree) {
    // The kernel ends the rest of a namespace with its first process, and does not count.
    if (!outcome.ended_by_kernel) record.leftover = outcome.tree->ended;
    record.survivors = outcome.tree->out_of_reach;
  }
  record.exit_status = status;
  return record;
}

void leave_cgroup(const Options& options, ChildCgroup& cgroup, ExitRecord& record) {
  record.cgroup = cgroup.measure(record.usage);
  const std::string stays = cgroup.remove();
  if (!stays.empty() && !options.quiet) say(stays);
}

void die_of_interrupt(const Outcome& outcome, int status) {
  const Ending& ending = outcome.ending;
  if (status == ending.shell_status() && should_die_by(ending.signal))
    die_by(ending.signal, outcome.had_terminal ? Scope::group : Scope::process);
}

void tell_of_end(const Options& options, const Outcome& outcome) {
  tell_of_survivors(options, outcome);
  if (!options.verbose) return;
  const char* why = explain(outcome.cause);
  say(fmt::format("'{}' {} after {:.3f} s{}{}{}", options.command[0], manner_of(outcome.ending),
                  outcome.elapsed_s, why != nullptr ? ": " : "", why != nullptr ? why : "",
                  outcome.escalated ? ", and SIGKILL was needed" : ""));
  const int left = outcome.tree && !outcome.ended_by_kernel ? outcome.tree->ended : 0;
  if (left > 0)
    say(fmt::format("{} {} ended", left, left == 1 ? "descendant was" : "descendants were"));
}

}  // namespace tether
