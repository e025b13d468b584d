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

CallerFacts facts_for(const Options& options, const Launch* launch) {
  CallerFacts caller;
  if (!options.autokill && !options.has_tie()) return caller;
  caller.sys_admin = has_sys_admin();
  caller.may_change_credentials = may_change_credentials();
  caller.is_first_process = ::getpid() == 1;
  caller.command_has_capabilities = launch != nullptr && launch->command_has_capabilities();
  return caller;
}

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
  if (reporter_.wants_records()) reporter_.everywhere(error_line(failure));
  tell_receiver(failure);
}

void Start::tell_receiver(const Failure& failure) {
  if (receiver_ != nullptr) receiver_->refuse(error_line(failure));
}

Failure Start::fail(Failure failure) {
  tell_receiver(failure);
  if (!reporter_.wants_records()) return failure;
  // The status file of one that runs is not this start's to write.
  if (failure.stage == Stage::running) {
    reporter_.to_streams(error_line(failure));
    reporter_.abandon();
  } else {
    reporter_.error(error_line(failure));
  }
  return failure;
}

Failure Start::give_up_at_gate(Failure failure) {
  const int signal = failure.exit_status - 128;
  if (!should_die_by(signal)) return failure;
  say(failure);
  launch_.reset();
  cgroup_.reset();
  readiness_.close();
  die_by(signal);
  return failure;
}

Status Start::run() {
  // Whoever stops a container at once is not to wait for a FIFO's other end.
  if (own_pid_ == 1) end_on_request();
  Status opened = open_everything();
  // As late as can be: until here tether ends as any program does. From here on a reader that went
  // away is an errno and not a signal.
  inherited_.signals = take_over_signals();
  if (!opened.ok()) return fail(opened.failure());
  if (Status said = say_nohup_notice(options_, *launch_); !said.ok()) return fail(said.failure());
  Result<UniqueFd> signals = Supervisor::open_signals();
  if (!signals.ok()) return fail(signals.failure());
  signals_ = std::move(signals.value());
  if (Status prepared = prepare_tree(); !prepared.ok()) return fail(prepared.failure());
  follows_main_process_ = options_.notify && options_.notify->kind == Notify::Kind::socket &&
                          options_.mode != Mode::hand_over && !options_.autokill &&
                          !options_.has_tie() && adopt_orphans();
  Result<Bound> bound = spawn_bound();
  if (!bound.ok()) {
    if (pidfile_) pidfile_->remove();
    Failure failure = bound.failure();
    if (failure.stage == Stage::exec) failure = launch_->explain_exec(failure);
    if (cgroup_) failure = cgroup_->explain(std::move(failure));
    failure = fail(std::move(failure));
    return failure.stage == Stage::gate ? give_up_at_gate(std::move(failure)) : failure;
  }
  bound_ = std::move(bound.value());
  if (options_.mode == Mode::hand_over)
    start_line_ = to_line(record_of(bound_.child, bound_.guarantees));
  launch_->let_go();
  tell();
  return Unit{};
}

// What makes files comes late, and what may wait for somebody before what would have to be removed.
Status Start::open_everything() {
  const CallersDescriptors callers{options_.status_fd, options_.block_fd, options_.die_on_eof,
                                   options_.pidfd_fd};
  if (Status opened = reporter_.open(options_, callers); !opened.ok()) return opened;
  if (Status permitted = check_privilege(options_, facts_for(options_, nullptr)); !permitted.ok())
    return permitted;
  if (receiver_ != nullptr)
    if (Status opened = receiver_->open(options_, callers); !opened.ok()) return opened;
  if (Status gate = check_gate(options_, callers); !gate.ok()) return gate;
  Result<TieWatch> ties = TieWatch::open(options_, inherited_.parent, callers);
  if (!ties.ok()) return ties.failure();
  ties_ = std::move(ties.value());
  Result<Launch> launch = Launch::prepare(options_, inherited_);
  if (!launch.ok()) return launch.failure();
  launch_.emplace(std::move(launch.value()));
  // Before the files: the log of the one that runs is not touched.
  if (Status claimed = claim_pidfile(); !claimed.ok()) return claimed;
  if (Status opened = launch_->open_files(); !opened.ok()) return opened;
  Result<Readiness> readiness = Readiness::open(options_);
  if (!readiness.ok()) return readiness.failure();
  readiness_ = std::move(readiness.value());
  launch_->add(readiness_.for_command());
  return open_cgroup();
}

Status Start::claim_pidfile() {
  if (!options_.pidfile) return Unit{};
  Result<Pidfile> claimed = Pidfile::claim(*options_.pidfile);
  if (!claimed.ok()) return claimed.failure();
  pidfile_.emplace(std::move(claimed.value()));
  return Unit{};
}

// Before anything is spawned: it is we who inherit it if its warden goes.
Status Start::prepare_tree() {
  if (!options_.tree) return Unit{};
  if (!can_see_family())
    return Failure{.stage = Stage::guarantee,
                   .detail = "--tree needs /proc, to find who belongs to it",
                   .hint = "mount -t proc proc /proc"};
  if (!adopt_orphans()) return Failure{.stage = Stage::keeper, .error_number = errno};
  strangers_ = children_of(own_pid_);
  return Unit{};
}

const Cgroup* Start::tree_cgroup() const {
  return cgroup_ && !options_.pid_namespace ? &cgroup_->cgroup() : nullptr;
}

Status Start::open_cgroup() {
  if (!options_.cgroup) return Unit{};
  Result<ChildCgroup> opened = ChildCgroup::open(*options_.cgroup);
  if (!opened.ok()) return opened.failure();
  cgroup_.emplace(std::move(opened.value()));
  if (options_.tree)
    if (Status ours = cgroup_->cgroup().check_free_of_others(); !ours.ok()) return ours;
  return Unit{};
}

// Asks the kernel for everything first: where it has it, that is the only call. Otherwise looks at
// what there is and emulates the rest.
Result<Start::Bound> Start::spawn_bound() {
  const CallerFacts caller = facts_for(options_, &*launch_);
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

  ChildPlan plan = launch_->plan(bound.guarantees);
  const bool needs_warden = options_.pid_namespace || (options_.tree && !caller.is_first_process);
  if (bound.guarantees.supervisor == Means::keeper && !needs_warden) {
    Result<Keeper> keeper = Keeper::start(support.way);
    if (!keeper.ok()) return keeper.failure();
    bound.keeper = std::move(keeper.value());
    plan.keeper_fd = bound.keeper.childs_end();
  }
  SpawnRequest request = request_for(bound);
  if (cgroup_)
    if (Status entered = cgroup_->enter_by(support, request, plan); !entered.ok())
      return entered.failure();
  Result<Child> child = needs_warden ? Warden::spawn(warden_for(bound), request, plan, bound.warden)
                                     : spawn(request, plan);
  if (!child.ok()) {
    // The child may have had the foreground already.
    if (plan.terminal_fd >= 0) (void)::tcsetpgrp(plan.terminal_fd, ::getpgrp());
    return child.failure();
  }
  bound.child = std::move(child.value());
  if (reporter_.has_status_file() && !early_record_)
    reporter_.to_status_file(to_line(record_of(bound.child, bound.guarantees)));
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
SpawnRequest Start::request_for(Bound& bound) {
  SpawnRequest request;
  request.way = bound.way;
  request.guarantees = guarantee_flags(bound.guarantees);
  early_record_ = reporter_.has_status_file() && launch_->looks_executable();
  if (early_record_ || pidfile_ || options_.block_fd || options_.watches_holder)
    request.before_exec = [this, &bound](const Child& made) { return before_exec(made, bound); };
  return request;
}

Status Start::before_exec(const Child& made, Bound& bound) {
  if (Status written = write_pidfile(made); !written.ok()) return written;
  if (options_.watches_holder)
    if (Status watched = watch_holder(made, bound); !watched.ok()) return watched;
  StartRecord record = record_of(made, bound.guarantees);
  if (options_.block_fd) {
    record.is_held_at_gate = true;
    if (reporter_.wants_records()) reporter_.everywhere(to_line(record));
    record.is_held_at_gate = false;
    const int receiver = receiver_ != nullptr ? receiver_->fd() : -1;
    ties_.begin(options_.timeout);
    if (Status passed = wait_at_gate(options_, made, {signals_.get(), receiver, ties_});
        !passed.ok())
      return passed;
  }
  if (early_record_) reporter_.to_status_file(to_line(record));
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
  if (!pidfile_) return Unit{};
  Status written = pidfile_->write_for(made.pid, made.pidfd.get());
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
  if (options_.print_pid) reporter_.pid(bound_.child.pid);
  if (reporter_.wants_records())
    reporter_.to_streams(to_line(record_of(bound_.child, bound_.guarantees)));
  const std::string& notice = launch_->files().detach_notice();
  if (!notice.empty() && !options_.quiet) say(notice);
  if (!options_.verbose) return;
  say(fmt::format("started '{}' as process {}, by {}", options_.command[0], bound_.child.pid,
                  call_name(bound_.way)));
  const Guarantees& got = bound_.guarantees;
  if (got.tree != Means::none) say(fmt::format("tree: {}", explain_tree(got.tree)));
  if (got.autoreap != Means::none) say(fmt::format("autoreap: {}", explain_autoreap(got.autoreap)));
  if (got.autokill != Means::none) say(fmt::format("autokill: {}", explain_autokill(got.autokill)));
  if (got.nnp != Means::none) say(fmt::format("nnp: {}", explain_nnp(got.nnp)));
  if (got.supervisor != Means::none && got.autokill == Means::none)
    say(fmt::format("ties: {}", explain_supervisor(got.supervisor)));
  if (cgroup_)
    for (const std::string& note : cgroup_->notes()) say("cgroup: " + note);
}

Supervisor& Start::watch() {
  return supervisor_.emplace(
      Supervisor::Setup{
          options_, reporter_, pidfile_, std::move(signals_), bound_.way, launch_->terminal_fd(),
          std::move(ties_), std::move(readiness_), follows_main_process_, own_pid_ == 1,
          Hold(std::move(bound_.holder), receiver_ != nullptr ? receiver_->fd() : -1)},
      std::move(bound_.child), std::move(bound_.keeper), tree());
}

Tree Start::tree() {
  Tree::Bounds bounds{tree_cgroup(), std::move(strangers_)};
  if (bound_.warden) return {std::move(bound_.warden), std::move(bounds)};
  return options_.tree ? Tree::own(bound_.child.pid, std::move(bounds)) : Tree();
}

int Start::signals() const {
  return supervisor_ ? supervisor_->signals() : signals_.get();
}

void Start::finish_records() {
  reporter_.finish(signals());
}

void Start::finish_output() {
  reporter_.finish_output(signals());
}

}  // namespace tether
