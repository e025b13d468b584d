#include "run/start.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <utility>

#include "report/messages.hpp"
#include "run/background.hpp"
#include "run/gate.hpp"
#include "run/run.hpp"
#include "sys/caller.hpp"
#include "sys/family.hpp"
#include "sys/pidfd.hpp"
#include "sys/signals.hpp"

namespace tether {

namespace {

// The child's clone or the keeper's, which is tried in the same way.
bool may_be_had_otherwise(const Failure& failure) {
  return (failure.stage == Stage::clone || failure.stage == Stage::keeper) &&
         may_be_unsupported(failure.error_number);
}

}  // namespace

Status say_nohup_notice(const Options& options, const Launch& launch) {
  const std::string& notice = launch.files().nohup_notice();
  if (notice.empty() || options.quiet || say(notice)) return Unit{};
  return Failure{.stage = Stage::descriptor, .error_number = errno, .detail = "standard error"};
}

void Start::record(const Failure& failure) {
  if (prepared_.reporter.wants_records()) prepared_.reporter.everywhere(error_line(failure));
  tell_receiver(failure);
}

void Start::tell_receiver(const Failure& failure) {
  if (receiver_ != nullptr) receiver_->refuse(error_line(failure));
}

Failure Start::fail(Failure failure) {
  tell_receiver(failure);
  if (!prepared_.reporter.wants_records()) return failure;
  // The status file of one that runs is not this start's to write.
  if (failure.stage == Stage::running) {
    prepared_.reporter.to_streams(error_line(failure));
    prepared_.reporter.abandon();
  } else {
    prepared_.reporter.error(error_line(failure));
  }
  return failure;
}

Failure Start::give_up(Failure failure) {
  if (prepared_.pidfile) prepared_.pidfile->remove();
  if (failure.stage == Stage::exec) failure = prepared_.launch->explain_exec(failure);
  if (prepared_.cgroup) failure = explain_by(prepared_.cgroup->cgroup(), std::move(failure));
  failure = fail(std::move(failure));
  return failure.stage == Stage::gate ? give_up_at_gate(std::move(failure)) : failure;
}

Failure Start::give_up_at_gate(Failure failure) {
  const int signal = failure.exit_status - 128;
  if (!should_die_by(signal)) return failure;
  say(failure);
  prepared_.launch.reset();
  prepared_.cgroup.reset();
  prepared_.readiness.close();
  die_by(signal);
  return failure;
}

Status Start::run() {
  // Whoever stops a container at once is not to wait for a FIFO's other end.
  if (own_pid_ == 1) end_on_request();
  Status opened = prepare(prepared_, Depth::open, options_, inherited_, receiver_);
  // As late as can be: until here tether ends as any program does. From here on a reader that went
  // away is an errno and not a signal.
  inherited_.signals = take_over_signals();
  if (!opened.ok()) return fail(opened.failure());
  if (Status said = say_nohup_notice(options_, *prepared_.launch); !said.ok())
    return fail(said.failure());
  Result<UniqueFd> signals = Supervisor::open_signals();
  if (!signals.ok()) return fail(signals.failure());
  signals_ = std::move(signals.value());
  follows_main_process_ = options_.notify && options_.notify->kind == Notify::Kind::socket &&
                          options_.mode != Mode::hand_over && !options_.autokill &&
                          !options_.has_tie() && adopt_orphans();
  Result<Bound> bound = spawn_bound();
  if (!bound.ok()) return give_up(bound.failure());
  bound_ = std::move(bound.value());
  if (options_.mode == Mode::hand_over)
    start_line_ = to_line(record_of(bound_.child, bound_.guarantees));
  prepared_.launch->let_go();
  tell();
  return Unit{};
}

const Cgroup* Start::tree_cgroup() const {
  return prepared_.cgroup && !options_.pid_namespace ? &prepared_.cgroup->cgroup() : nullptr;
}

// Asks the kernel for everything first: where it has it, that is the only call. Otherwise looks at
// what there is and emulates the rest.
Result<Start::Bound> Start::spawn_bound() {
  const CallerFacts caller = facts_for(options_, &*prepared_.launch);
  // Not to be found out by an attempt: it could succeed, and the child's status be lost.
  const bool needs_exit_information = options_.wants_autoreap() && options_.learns_ending();
  // A warden that is made in vain costs more than to look; of a holder that is to be watched we
  // have looked already.
  if (options_.tree || options_.watches_holder) return attempt(probe_kernel(), caller);
  if (!needs_exit_information || has_exit_information()) {
    Result<Bound> bound = attempt(KernelSupport::everything(), caller);
    if (bound.ok() || !may_be_had_otherwise(bound.failure())) return bound;
  }
  return attempt(probe_kernel(), caller);
}

// One attempt with what `support` promises.
Result<Start::Bound> Start::attempt(const KernelSupport& support, const CallerFacts& caller) {
  Bound bound;
  bound.way = support.way;
  bound.guarantees = choose_means(options_, support, caller);
  if (Status possible = check_possible(options_, bound.guarantees); !possible.ok())
    return possible.failure();
  const std::string release = options_.strict ? kernel_release() : std::string();
  if (Status strict = check_strict(options_, bound.guarantees, support, release); !strict.ok())
    return strict.failure();

  ChildPlan plan = prepared_.launch->plan(bound.guarantees);
  const bool needs_warden = options_.pid_namespace || (options_.tree && !caller.is_first_process);
  if (bound.guarantees.supervisor == Means::keeper && !needs_warden) {
    Result<Keeper> keeper = Keeper::start(support.way);
    if (!keeper.ok()) return keeper.failure();
    bound.keeper = std::move(keeper.value());
    plan.keeper_fd = bound.keeper.childs_end();
  }
  SpawnRequest request = request_for(bound);
  if (prepared_.cgroup)
    if (Status entered = prepared_.cgroup->enter_by(support, request, plan); !entered.ok())
      return entered.failure();
  Result<Child> child =
      needs_warden ? make_tree(request, plan, bound) : make_child(request, plan, bound);
  if (!child.ok()) {
    // The child may have had the foreground already.
    if (plan.terminal_fd >= 0) (void)::tcsetpgrp(plan.terminal_fd, ::getpgrp());
    return child.failure();
  }
  bound.child = std::move(child.value());
  if (prepared_.reporter.has_status_file() && !early_record_)
    prepared_.reporter.to_status_file(to_line(record_of(bound.child, bound.guarantees)));
  bound.keeper.close_channel();
  return bound;
}

WardenRequest Start::warden_for(const Bound& bound) const {
  WardenRequest how;
  if (bound.guarantees.tree == Means::pid_namespace) how.namespaces = plan_namespaces();
  how.cgroup = tree_cgroup();
  how.leaves_session = options_.new_session() || options_.leaves_child() || !options_.setpgid;
  how.command = options_.command[0];
  return how;
}

// COMMAND finds its pidfile and its own start record in place. If it is plain that the exec will
// fail, no record says that it started, not even for a moment.
SpawnRequest Start::request_for(const Bound& bound) {
  SpawnRequest request;
  request.way = bound.way;
  request.guarantees = guarantee_flags(bound.guarantees);
  early_record_ = prepared_.reporter.has_status_file() && prepared_.launch->looks_executable();
  request.is_held =
      early_record_ || prepared_.pidfile || options_.block_fd || options_.watches_holder;
  return request;
}

Result<Child> Start::make_child(const SpawnRequest& request, const ChildPlan& plan, Bound& bound) {
  if (!request.is_held) return spawn(request, plan);
  Result<HeldChild> held = hold(request, plan);
  if (!held.ok()) return held.failure();
  if (Status done = do_before_exec(held.value().child(), bound); !done.ok()) return done.failure();
  return held.value().release();
}

// Not inlined: its locals would be on the stack of each start, a page more.
[[gnu::noinline]] Result<Child> Start::make_tree(const SpawnRequest& request, const ChildPlan& plan,
                                                 Bound& bound) {
  const WardenRequest how = warden_for(bound);
  Result<HeldTree> held = HeldTree::hold(how, request, plan);
  if (!held.ok()) return held.failure();
  if (request.is_held)
    if (Status done = do_before_exec(held.value().child(), bound); !done.ok())
      return done.failure();
  return held.value().release(bound.warden);
}

Status Start::do_before_exec(const Child& made, Bound& bound) {
  if (Status written = write_pidfile(made); !written.ok()) return written;
  if (options_.watches_holder)
    if (Status watched = watch_holder(made, bound); !watched.ok()) return watched;
  StartRecord record = record_of(made, bound.guarantees);
  if (options_.block_fd) {
    record.is_held_at_gate = true;
    if (prepared_.reporter.wants_records()) prepared_.reporter.everywhere(to_line(record));
    record.is_held_at_gate = false;
    const int receiver = receiver_ != nullptr ? receiver_->fd() : -1;
    prepared_.ties.begin(options_.timeout);
    if (Status passed = wait_at_gate(options_, made, {signals_.get(), receiver, prepared_.ties});
        !passed.ok())
      return passed;
  }
  if (early_record_) prepared_.reporter.to_status_file(to_line(record));
  return Unit{};
}

Status Start::watch_holder(const Child& made, Bound& bound) {
  const bool has_init = made.init_pidfd >= 0;
  Result<HolderWatch> watch = HolderWatch::start({bound.way, has_init ? made.init_pid : made.pid,
                                                  has_init ? made.init_pidfd : made.pidfd.get(),
                                                  keeper_title(made.pid, options_)});
  if (!watch.ok()) return watch.failure();
  bound.holder = std::move(watch.value());
  return Unit{};
}

Status Start::write_pidfile(const Child& made) {
  if (!prepared_.pidfile) return Unit{};
  Status written = prepared_.pidfile->write_for(made.pid, made.pidfd.get());
  // A signal may have ended it by now, as it would end COMMAND. Of one that is gone nothing is to
  // be written.
  return has_ended(made.pidfd.get()) ? Unit{} : written;
}

StartRecord Start::record_of(const Child& child, const Guarantees& guarantees) const {
  StartRecord record;
  record.pid = child.pid;
  record.command = options_.command;
  record.started_at = child.started_at;
  record.pidfs_inode = pidfs_inode(child.pidfd.get());
  record.init_pid = child.init_pid;
  record.supervisor_pid = options_.leaves_child() && !options_.leaves_keeper() ? -1 : own_pid_;
  record.held_by = held_by_;
  record.guarantees = guarantees;
  return record;
}

void Start::tell() {
  if (options_.print_pid) prepared_.reporter.pid(bound_.child.pid);
  if (prepared_.reporter.wants_records())
    prepared_.reporter.to_streams(to_line(record_of(bound_.child, bound_.guarantees)));
  const std::string& notice = prepared_.launch->files().detach_notice();
  if (!notice.empty() && !options_.quiet) say(notice);
  if (!options_.verbose) return;
  say(fmt::format("started '{}' as process {}, by {}", options_.command[0], bound_.child.pid,
                  call_name(bound_.way)));
  for (const GuaranteeRow& row : guarantee_table)
    if (is_told(row, bound_.guarantees))
      say(fmt::format("{}: {}", row.label, row.explain(bound_.guarantees.*row.means)));
  if (prepared_.cgroup)
    for (const std::string& note : prepared_.cgroup->notes()) say("cgroup: " + note);
}

Supervisor& Start::watch() {
  return supervisor_.emplace(
      Supervisor::Setup{
          options_, prepared_.reporter, prepared_.pidfile, std::move(signals_), bound_.way,
          prepared_.launch->terminal_fd(), std::move(prepared_.ties),
          std::move(prepared_.readiness), follows_main_process_, own_pid_ == 1,
          Hold(std::move(bound_.holder), receiver_ != nullptr ? receiver_->fd() : -1)},
      std::move(bound_.child), std::move(bound_.keeper), tree());
}

Tree Start::tree() {
  Tree::Bounds bounds{tree_cgroup(), std::move(prepared_.strangers)};
  if (bound_.warden) return {std::move(bound_.warden), std::move(bounds)};
  return options_.tree ? Tree::own(bound_.child.pid, std::move(bounds)) : Tree();
}

int Start::signals() const {
  return supervisor_ ? supervisor_->signals() : signals_.get();
}

void Start::finish_records() {
  prepared_.reporter.finish(signals());
}

void Start::finish_output() {
  prepared_.reporter.finish_output(signals());
}

}  // namespace tether
