#include "run/end.hpp"

#include <fmt/format.h>

#include <string>
#include <utility>

#include "report/messages.hpp"
#include "report/records.hpp"
#include "sys/errors.hpp"
#include "sys/signals.hpp"

namespace tether {
namespace {

constexpr std::size_t longest_quotation = 200;

bool was_our_doing(Cause cause) {
  return cause != Cause::command && cause != Cause::signal;
}

}  // namespace

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

}  // namespace tether
