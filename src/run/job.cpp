#include "run/job.hpp"

#include <fmt/format.h>

#include <csignal>
#include <utility>

#include "report/messages.hpp"
#include "setup/gate.hpp"
#include "sys/pidfd.hpp"
#include "sys/signals.hpp"

namespace tether {
namespace {

// Says what --detach has put in the place of standard descriptors; with -v also by which means the
// child was made and is bound.
void tell_of_start(const Options& options, const Prepared& prepared, const BoundChild& bound) {
  const std::string& notice = prepared.launch->files().detach_notice();
  if (!notice.empty() && !options.quiet) say(notice);
  if (!options.verbose) return;
  say(fmt::format("started '{}' as process {}, by {}", options.command[0], bound.child.pid,
                  call_name(bound.way)));
  for (const GuaranteeRow& row : guarantee_table)
    if (is_told(row, bound.guarantees))
      say(fmt::format("{}: {}", row.label,
                      explain(row.guarantee, bound.guarantees.*row.guarantee)));
  if (prepared.cgroup)
    for (const std::string& note : prepared.cgroup->notes()) say("cgroup: " + note);
}

}  // namespace

HeldBy holder_by(const Options& options) {
  if (options.mode == Mode::hand_over) return options.become ? HeldBy::become : HeldBy::socket;
  if (options.mode != Mode::detach) return HeldBy::tether;
  return options.leaves_keeper() ? HeldBy::keeper : HeldBy::nobody;
}

std::string keeper_title(pid_t child, const Options& options) {
  return fmt::format("tether: keeper of {}: {}", child, options.command[0]);
}

Status Job::start() {
  // A container that is stopped at once does not wait for a FIFO's other end.
  if (own_pid_ == 1) end_on_request();
  Status opened = prepare(prepared_, Depth::open, options_, inherited_, receiver_);
  // As late as can be: until here tether ends as any program does. From here on a reader that went
  // away is an errno and not a signal.
  inherited_.signals = take_over_signals();
  if (!opened.ok()) return fail(opened.failure());
  if (Status said = prepared_.launch->say_nohup_notice(); !said.ok()) return fail(said.failure());
  Result<UniqueFd> signals = Supervisor::open_signals();
  if (!signals.ok()) return fail(signals.failure());
  signals_ = std::move(signals.value());
  follows_main_process_ = options_.notify && options_.notify->kind == Notify::Kind::socket &&
                          options_.mode != Mode::hand_over && !options_.autokill &&
                          !options_.has_tie() && adopt_orphans();
  if (Status made = make_child(); !made.ok()) return give_up(made.failure());
  pid_ = bound_.child.pid;
  tell_start();
  return Unit{};
}

bool Job::needs_moment_before_exec() const {
  return early_record_ || prepared_.pidfile || options_.block_fd || options_.watches_last_close;
}

// On a Failure no child is left.
Status Job::make_child() {
  // If it is plain that the exec will fail, no record says that COMMAND started, not even for a
  // moment.
  early_record_ = prepared_.reporter.has_status_file() && prepared_.launch->looks_executable();
  const bool is_held = needs_moment_before_exec();
  Binding binding(options_, prepared_, bound_);
  const auto until = is_held ? Binding::Until::release : Binding::Until::exec;
  if (Status bound = binding.bind(until); !bound.ok()) return bound.failure();
  if (is_held) {
    if (Status done = do_before_exec(binding); !done.ok()) return done.failure();
    if (Status running = binding.release(); !running.ok()) return running.failure();
  }
  binding.keep();
  return Unit{};
}

// COMMAND finds its pidfile and its own start record in place.
Status Job::do_before_exec(Binding& binding) {
  const Child& made = binding.child();
  if (Status written = write_pidfile(made); !written.ok()) return written;
  if (options_.watches_last_close)
    if (Status watched = binding.watch_last_close(keeper_title(made.pid, options_)); !watched.ok())
      return watched;
  const StartRecord record = record_of(made, binding.guarantees());
  if (options_.block_fd)
    if (Status passed = pass_gate(binding, record); !passed.ok()) return passed;
  if (early_record_) prepared_.reporter.to_status_file(to_line(record));
  return Unit{};
}

Status Job::pass_gate(Binding& binding, StartRecord record) {
  record.is_held_at_gate = true;
  if (prepared_.reporter.wants_records()) prepared_.reporter.everywhere(to_line(record));
  prepared_.ties.begin(options_.timeout);
  const int receiver = receiver_ != nullptr ? receiver_->fd() : -1;
  return wait_at_gate(options_, binding.child(),
                      {binding.warden(), signals_.get(), receiver, prepared_.ties});
}

Status Job::write_pidfile(const Child& made) {
  if (!prepared_.pidfile) return Unit{};
  Status written = prepared_.pidfile->write_for(made.pid, made.pidfd.get());
  // A signal may have ended the child by now, as it would end COMMAND: then there is no process to
  // name.
  return has_ended(made.pidfd.get()) ? Unit{} : written;
}

StartRecord Job::record_of(const Child& child, const Guarantees& guarantees) const {
  StartRecord record;
  record.pid = child.pid;
  record.command = options_.command;
  record.started_at = child.started_at;
  record.pidfs_inode = pidfs_inode(child.pidfd.get());
  record.init_pid = child.init_pid;
  record.supervisor_pid = options_.leaves_child() && !options_.leaves_keeper() ? -1 : own_pid_;
  record.held_by = holder_by(options_);
  record.guarantees = guarantees;
  return record;
}

void Job::tell_start() {
  Reporter& reporter = prepared_.reporter;
  const bool tells_file = reporter.has_status_file() && !early_record_;
  const std::string line = reporter.wants_records() || receiver_ != nullptr
                               ? to_line(record_of(bound_.child, bound_.guarantees))
                               : std::string();
  if (tells_file) reporter.to_status_file(line);
  if (receiver_ != nullptr) start_line_ = line;
  prepared_.launch->let_go();
  if (options_.print_pid) reporter.pid(bound_.child.pid);
  if (reporter.wants_records()) reporter.to_streams(line);
  tell_of_start(options_, prepared_, bound_);
}

Failure Job::fail(Failure failure) {
  tell_receiver(failure);
  if (!prepared_.reporter.wants_records()) return failure;
  // The status file of a job that runs is not this start's to write.
  if (failure.stage == Stage::running) {
    prepared_.reporter.to_streams(error_line(failure));
    prepared_.reporter.abandon();
  } else {
    prepared_.reporter.error(error_line(failure));
  }
  return failure;
}

Failure Job::give_up(Failure failure) {
  if (prepared_.pidfile) prepared_.pidfile->remove();
  if (failure.stage == Stage::exec) failure = prepared_.launch->explain_exec(failure);
  if (prepared_.cgroup) failure = explain_by(prepared_.cgroup->cgroup(), std::move(failure));
  failure = fail(std::move(failure));
  return failure.stage == Stage::gate ? give_up_at_gate(std::move(failure)) : failure;
}

Failure Job::give_up_at_gate(Failure failure) {
  const int signal = failure.exit_status - 128;
  if (!should_die_by(signal)) return failure;
  say(failure);
  prepared_.launch.reset();
  prepared_.cgroup.reset();
  prepared_.readiness.close();
  die_by(signal);
  return failure;
}

void Job::record(const Failure& failure) {
  if (prepared_.reporter.wants_records()) prepared_.reporter.everywhere(error_line(failure));
  tell_receiver(failure);
}

void Job::tell_receiver(const Failure& failure) {
  if (receiver_ != nullptr) receiver_->refuse(error_line(failure));
}

Supervisor& Job::supervisor() {
  if (supervisor_) return *supervisor_;
  Supervisor::Setup setup{
      .options = options_,
      .reporter = prepared_.reporter,
      .pidfile = prepared_.pidfile,
      .signals = std::move(signals_),
      .terminal_fd = prepared_.launch->terminal_fd(),
      .ties = std::move(prepared_.ties),
      .readiness = std::move(prepared_.readiness),
      .follows_main_process = follows_main_process_,
      .is_first_process = own_pid_ == 1,
      .holder =
          HolderWatch(std::move(bound_.last_close), receiver_ != nullptr ? receiver_->fd() : -1),
  };
  supervisor_ = std::make_unique<Supervisor>(std::move(setup), std::move(bound_.child),
                                             std::move(bound_.watchdog), bound_.way, tree());
  return *supervisor_;
}

Tree Job::tree() {
  Tree::Bounds bounds{cgroup_of_tree(options_, prepared_), std::move(prepared_.strangers)};
  if (bound_.warden) return {std::move(bound_.warden), std::move(bounds)};
  return options_.tree ? Tree(bound_.child.pid, std::move(bounds)) : Tree();
}

int Job::signals() const {
  return supervisor_ ? supervisor_->signals() : signals_.get();
}

Result<bool> Job::wait_until_ready() {
  Result<bool> ready = supervisor().wait_until_ready();
  if (!ready.ok()) return fail(ready.failure());
  return ready;
}

Status Job::hand_over() {
  Result<UniqueFd> pidfd = supervisor().take_pidfd();
  HolderWatch& holder = supervisor().holder();
  Status given = pidfd.ok() ? receiver_->give(start_line_, pidfd.value().get(), holder.lifeline())
                            : Status(pidfd.failure());
  if (!given.ok()) {
    supervisor().kill();
    return given;
  }
  holder.handed_over();
  receiver_->close();
  receiver_ = nullptr;
  return given;
}

void Job::leave() {
  if (supervisor_) supervisor_->leave();
  prepared_.reporter.finish(signals());
}

void Job::finish_output() {
  prepared_.reporter.finish_output(signals());
}

Result<int> Job::wait_for_end(std::optional<Failure> failure) {
  Result<Outcome> waited = supervisor().wait();
  if (prepared_.pidfile) prepared_.pidfile->remove();
  if (!waited.ok()) return fail(waited.failure());
  const Outcome& outcome = waited.value();
  const int status = failure ? exit_status_of(*failure) : final_status(options_, outcome);
  if (!failure && !outcome.was_ready())
    failure = not_ready(options_, outcome, supervisor().readiness(), status);
  if (failure) record(*failure);
  ExitRecord end = exit_record(outcome, status);
  // Before the record: a program that has read the record can start the next job in the same
  // directory.
  if (prepared_.cgroup) leave_cgroup(options_, *prepared_.cgroup, end);
  // The last record of a child is how it ended.
  if (prepared_.reporter.wants_records()) prepared_.reporter.everywhere(to_line(end));
  tell_of_end(options_, outcome);
  prepared_.reporter.finish(signals());
  if (failure) say(*failure);
  die_of_interrupt(outcome, status);
  return status;
}

}  // namespace tether
