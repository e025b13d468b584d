#include <fmt/format.h>
#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <optional>
#include <utility>

#include "report/messages.hpp"
#include "report/records.hpp"
#include "run/run.hpp"
#include "run/supervisor.hpp"
#include "sys/caller.hpp"
#include "sys/pidfd.hpp"
#include "sys/signal_names.hpp"
#include "sys/signals.hpp"

namespace tether {
namespace {

// A child bound by the means that the record names.
struct Bound {
  Child child;
  Keeper keeper;
  Guarantees guarantees;
  CloneWay way = CloneWay::clone3;
};

StartRecord start_record(const Options& options, const Child& child, const Guarantees& chosen) {
  StartRecord record;
  record.pid = child.pid;
  record.command = options.command;
  record.started_at = child.started_at;
  record.pidfs_inode = pidfs_inode(child.pidfd.get());
  record.supervisor_pid = ::getpid();
  record.guarantees = chosen;
  return record;
}

// One attempt with what `support` promises.
Result<Bound> attempt(const Options& options, const Launch& launch, Reporter& reporter,
                      const KernelSupport& support, const CallerFacts& caller) {
  Bound bound;
  bound.way = support.way;
  bound.guarantees = choose_means(options, support, caller);
  if (Status possible = check_possible(options, bound.guarantees); !possible.ok())
    return possible.failure();
  const std::string release = options.strict ? kernel_release() : std::string();
  if (Status strict = check_strict(options, bound.guarantees, support, release); !strict.ok())
    return strict.failure();

  ChildPlan plan = launch.plan(bound.guarantees);
  if (bound.guarantees.autokill == Means::keeper) {
    Result<Keeper> keeper = Keeper::start(support.way);
    if (!keeper.ok()) return keeper.failure();
    bound.keeper = std::move(keeper.value());
    plan.keeper_fd = bound.keeper.childs_end();
  }

  SpawnRequest request;
  request.way = support.way;
  request.guarantees = guarantee_flags(bound.guarantees);
  // COMMAND finds its own start record in the status file. If it is plain that the exec will fail,
  // nothing is said to have started, not even for a moment.
  const auto write_start = [&](const Child& made) {
    reporter.to_status_file(to_line(start_record(options, made, bound.guarantees)));
  };
  if (reporter.has_status_file() && launch.looks_executable()) request.before_exec = write_start;
  Result<Child> child = spawn(request, plan);
  if (!child.ok()) {
    // The child may have had the foreground already.
    if (plan.terminal_fd >= 0) (void)::tcsetpgrp(plan.terminal_fd, ::getpgrp());
    return child.failure();
  }
  bound.child = std::move(child.value());
  if (reporter.has_status_file() && !request.before_exec) write_start(bound.child);
  bound.keeper.close_channel();
  return bound;
}

bool may_be_unsupported(const Failure& failure) {
  return failure.stage == Stage::clone &&
         (failure.error_number == EINVAL || failure.error_number == ENOSYS ||
          failure.error_number == EPERM);
}

// Asks the kernel for everything first: where it has it, that is the only call. Otherwise looks at
// what there is and emulates the rest.
Result<Bound> spawn_bound(const Options& options, const Launch& launch, Reporter& reporter) {
  const CallerFacts caller = facts_for(options, &launch);
  // Not to be found out by an attempt: it could succeed, and the child's status be lost.
  const bool needs_exit_information = options.autoreap || options.autokill;
  if (!needs_exit_information || has_exit_information()) {
    Result<Bound> bound = attempt(options, launch, reporter, KernelSupport::everything(), caller);
    if (bound.ok() || !may_be_unsupported(bound.failure())) return bound;
  }
  return attempt(options, launch, reporter, probe_kernel(), caller);
}

void tell_of_start(const Options& options, const Bound& bound) {
  if (!options.verbose) return;
  say(fmt::format("started '{}' as process {}, by {}", options.command[0], bound.child.pid,
                  call_name(bound.way)));
  const Guarantees& got = bound.guarantees;
  if (got.autoreap != Means::none) say(fmt::format("autoreap: {}", explain_autoreap(got.autoreap)));
  if (got.autokill != Means::none) say(fmt::format("autokill: {}", explain_autokill(got.autokill)));
  if (got.nnp != Means::none) say(fmt::format("nnp: {}", explain_nnp(got.nnp)));
}

void tell_of_end(const Options& options, const Outcome& outcome) {
  if (!options.verbose) return;
  const Ending& ending = outcome.ending;
  const std::string how =
      ending.code == Ending::Code::exited
          ? fmt::format("exited with status {}", ending.exit_code)
          : fmt::format("was killed by {}{}", signal_name(ending.signal),
                        ending.code == Ending::Code::dumped ? " (core dumped)" : "");
  say(fmt::format("'{}' {} after {:.3f} s", options.command[0], how, outcome.elapsed_s));
}

void record_start(const Options& options, const Bound& bound, Reporter& reporter) {
  if (options.print_pid) reporter.pid(bound.child.pid);
  if (!reporter.wants_records()) return;
  const std::string line = to_line(start_record(options, bound.child, bound.guarantees));
  reporter.to_streams(line);
}

int final_status(const Options& options, const Ending& ending) {
  const int status = ending.shell_status();
  const auto& successes = options.success_status;
  return std::find(successes.begin(), successes.end(), status) != successes.end() ? 0 : status;
}

// A shell looks at how its child died, not at its status, to know that a loop was interrupted.
// A group of its own that had the terminal was the only one to be interrupted: ours is told.
void die_of_interrupt(const Outcome& outcome, int status) {
  const Ending& ending = outcome.ending;
  const bool interrupted =
      ending.code != Ending::Code::exited && (ending.signal == SIGINT || ending.signal == SIGQUIT);
  if (interrupted && status != 0 && ::getpid() != 1)
    die_by(ending.signal, outcome.had_terminal ? Scope::group : Scope::process);
}

Result<int> supervise(const Options& options, Supervisor::Setup setup, Bound bound) {
  const pid_t pid = bound.child.pid;
  Reporter& reporter = setup.reporter;
  // Left to the exit that follows, as its descriptors are.
  auto& supervisor =
      *new Supervisor(std::move(setup), std::move(bound.child), std::move(bound.keeper));
  Result<Outcome> waited = supervisor.wait();
  if (!waited.ok()) return waited.failure();
  const Outcome& outcome = waited.value();
  const int status = final_status(options, outcome.ending);
  if (reporter.wants_records())
    reporter.everywhere(to_line(
        ExitRecord{pid, outcome.ending, outcome.cause, outcome.elapsed_s, outcome.usage, status}));
  tell_of_end(options, outcome);
  supervisor.finish_records();
  die_of_interrupt(outcome, status);
  return status;
}

}  // namespace

CallerFacts facts_for(const Options& options, const Launch* launch) {
  CallerFacts caller;
  if (!options.autokill) return caller;
  caller.sys_admin = has_sys_admin();
  caller.may_change_credentials = may_change_credentials();
  caller.command_has_capabilities = launch != nullptr && launch->command_has_capabilities();
  return caller;
}

Result<int> run_and_wait(const Options& options, Inherited& inherited) {
  Reporter reporter;
  const auto fail = [&](Failure failure) {
    if (reporter.wants_records()) reporter.error(error_line(failure));
    return failure;
  };

  Status opened = reporter.open(options);
  // From here on a reader that went away is an errno and not a signal.
  inherited.signals = take_over_signals();
  if (!opened.ok()) return fail(opened.failure());
  if (Status permitted = check_privilege(options, facts_for(options, nullptr)); !permitted.ok())
    return fail(permitted.failure());
  Result<Launch> launch = Launch::prepare(options, inherited);
  if (!launch.ok()) return fail(launch.failure());
  Result<UniqueFd> signals = Supervisor::open_signals();
  if (!signals.ok()) return fail(signals.failure());
  Result<Bound> bound = spawn_bound(options, launch.value(), reporter);
  if (!bound.ok()) {
    const Failure& failure = bound.failure();
    return fail(failure.stage == Stage::exec ? launch.value().explain_exec(failure) : failure);
  }
  record_start(options, bound.value(), reporter);
  tell_of_start(options, bound.value());
  Result<int> status = supervise(options,
                                 {options, reporter, std::move(signals.value()), bound.value().way,
                                  launch.value().terminal_fd()},
                                 std::move(bound.value()));
  if (!status.ok()) return fail(status.failure());
  return status;
}

}  // namespace tether
