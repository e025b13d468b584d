#include "run/supervisor.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <utility>

#include "report/messages.hpp"
#include "report/records.hpp"
#include "sys/deadline.hpp"
#include "sys/pidfd.hpp"
#include "sys/signals.hpp"

namespace tether {
namespace {

// A process closes its descriptors a little before it has ended.
constexpr std::chrono::seconds patience_after_close{1};

WatchedChild::Target target_of(const Options& options) {
  return options.new_session() || options.setpgid ? WatchedChild::Target::group
                                                  : WatchedChild::Target::process;
}

WatchedChild::Parent parent_of(const Options& options, const Tree& tree) {
  if (!tree.has_warden()) return WatchedChild::Parent::tether;
  return options.pid_namespace ? WatchedChild::Parent::first_process_of_namespace
                               : WatchedChild::Parent::warden;
}

// A cgroup tells the usage at the end, and more exactly.
WatchedChild::Sampling sampling_for(const Options& options, const Reporter& reporter) {
  return reporter.wants_records() && !options.cgroup ? WatchedChild::Sampling::on
                                                     : WatchedChild::Sampling::off;
}

}  // namespace

Result<UniqueFd> Supervisor::open_signals() {
  UniqueFd signals(open_signal_descriptor());
  if (!signals) return Failure{.stage = Stage::supervise, .error_number = errno};
  return signals;
}

Supervisor::Supervisor(Setup setup, Child child, Watchdog watchdog, CloneWay way, Tree tree)
    : options_(setup.options),
      reporter_(setup.reporter),
      pidfile_(setup.pidfile),
      foreground_(setup.terminal_fd),
      child_(std::move(child), std::move(watchdog), way, target_of(options_),
             parent_of(options_, tree), sampling_for(options_, reporter_)),
      tree_(std::move(tree)),
      signals_(std::move(setup.signals)),
      ties_(std::move(setup.ties)),
      holder_(std::move(setup.holder)),
      readiness_(std::move(setup.readiness), options_.ready_timeout),
      lifecycle_(options_.signal, tree_ ? Lifecycle::Scope::tree : Lifecycle::Scope::child),
      follows_main_process_(setup.follows_main_process),
      adopts_orphans_(follows_main_process_ || setup.is_first_process) {
  lifecycle_.rewrite_by(SignalMap(options_.rewrites));
  if (readiness_.is_ready()) outcome_.readiness = Outcome::Readiness::in_time;
  ties_.begin(options_.timeout);
  // Orphans whose end nothing told: they came before this program ran, or while the gate was
  // closed.
  if (adopts_orphans_) reap_others(child_.pid());
}

Result<bool> Supervisor::wait_until_ready() {
  while (!outcome_.was_ready() && !is_over())
    if (Status watched = watch_once(); !watched.ok()) return watched.failure();
  return outcome_.was_ready();
}

Result<Outcome> Supervisor::wait() {
  while (true) {
    if (is_over() && life_ != Life::known)
      if (Status taken = take_end(); !taken.ok()) return taken.failure();
    if (life_ == Life::known && tree_.is_over()) break;
    if (Status watched = watch_once(); !watched.ok()) return watched.failure();
  }
  outcome_.escalated = lifecycle_.escalated();
  if (tree_) outcome_.tree = tree_.count();
  outcome_.ended_by_kernel = options_.pid_namespace && outcome_.cause == Cause::holder;
  child_.end_watchdog();
  return outcome_;
}

// The child has ended: takes how, if that can be told by now.
Status Supervisor::take_end() {
  if (const auto ending = child_.learn_ending()) {
    settle_end(*ending);
    return Unit{};
  }
  // The warden tells later, and so does a kernel that has not released the child yet.
  if (tree_.has_warden() || (child_.awaits_release() && life_ != Life::released)) return Unit{};
  // Another process has waited for the child, or a sandbox does not let tether ask.
  return Failure{.stage = Stage::supervise,
                 .error_number = child_.awaits_release() ? ENODATA : ECHILD};
}

// What the child leaves behind can take its time to end, too.
void Supervisor::settle_end(const Ending& ending) {
  life_ = Life::known;
  readiness_.close();
  outcome_.pid = child_.pid();
  outcome_.ending = ending;
  outcome_.cause = lifecycle_.cause_of(ending);
  outcome_.elapsed_s = child_.elapsed();
  outcome_.usage = child_.usage();
  outcome_.had_terminal = foreground_.take_back(child_.pid());
  tree_.forget_main();
  if (!tree_.is_over()) perform(lifecycle_.on_child_ended());
}

Result<UniqueFd> Supervisor::take_pidfd() {
  // A keeper must not keep the child alive by its own copy of the file; elsewhere a copy will do.
  const bool is_counted = options_.autokill && options_.leaves_keeper();
  UniqueFd taken =
      options_.pid_namespace ? tree_.take_pidfd(is_counted) : child_.take_pidfd(is_counted);
  if (!taken) return Failure{.stage = Stage::hand_over, .error_number = errno};
  if (is_counted && !options_.pid_namespace) tree_.let_go_of_main();
  return taken;
}

void Supervisor::leave() {
  readiness_.linger(child_.pid());
  readiness_.close();
}

// One wait for what may happen, and what follows from it. The order of the steps matters:
//
// 1. what became of the child, as everything else depends on it;
// 2. the last close of a pidfd that was handed over, which ends the child as SIGKILL does;
// 3. readiness, before the deadlines: what COMMAND said before its end, it said in time, and it may
//    have named the process that goes on in its place;
// 4. the deadlines, then the ties: the first reason to end the child is the one that is recorded;
// 5. signals, also after the child's end: one that came together with the end may be its cause;
// 6. the tree and orphans, whose end SIGCHLD told of in 5; records are written as there is room;
// 7. the watchdog last, as it also ends by itself when the child has ended.
Status Supervisor::watch_once() {
  PollSet watched;
  // The pidfd of a child that has ended stays readable: then only the hang-up is waited for, which
  // follows when the kernel has released the child (Linux 6.9).
  const bool is_told_otherwise = life_ == Life::known || (is_over() && tree_.has_warden());
  const auto child = watched.add(is_told_otherwise ? -1 : child_.pidfd(),
                                 static_cast<short>(is_over() ? 0 : POLLIN));
  const auto signals = watched.add(signals_.get());
  const auto watchdog = watched.add(child_.watchdog_pidfd());
  const auto readiness = watched.add(readiness_.fd());
  const auto tree = watched.add(tree_.fd());
  ties_.add_to(watched);
  holder_.add_to(watched);
  reporter_.add_to(watched);
  if (!watched.wait(milliseconds_to_wait())) {
    if (errno == EINTR) return Unit{};
    return Failure{.stage = Stage::supervise, .error_number = errno};
  }
  if (!is_over()) child_.tend();
  if (!is_over() && watched.is_ready(child)) life_ = Life::over;
  if (life_ == Life::over && (watched.events_of(child) & POLLHUP) != 0) life_ = Life::released;
  if (watched.is_ready(tree)) read_tree();
  if (holder_.is_gone(watched)) kill();
  if (watched.is_ready(readiness) || is_over()) read_readiness();
  check_deadlines();
  if (const auto reason = ties_.reason(watched); reason && !is_over())
    perform(lifecycle_.on_reason_to_end(*reason));
  if (watched.is_ready(signals)) read_signals();
  tree_.tend();
  if (adopts_orphans_) reap_orphans();
  reporter_.flush();
  if (watched.is_ready(watchdog) && !is_over() && !has_ended(child_.pidfd()))
    perform(lifecycle_.on_watchdog_gone());
  return Unit{};
}

void Supervisor::read_tree(Continue pending) {
  while (const auto news = tree_.next_news()) {
    if (news->kind == WardenNews::Kind::ended) {
      child_.set_ending(*news);
      if (!is_over()) life_ = Life::over;
    } else if (!options_.leaves_child() && !is_over() &&
               (news->kind == WardenNews::Kind::stopped ||
                news->kind == WardenNews::Kind::continued)) {
      take_change({news->kind == WardenNews::Kind::stopped, news->signal}, pending);
    }
  }
  if (tree_.has_warden() || !tree_) return;
  child_.warden_is_gone();
  if (!tree_.inherit(is_over() ? -1 : child_.pid())) return;
  adopts_orphans_ = true;
  perform(lifecycle_.on_warden_gone());
}

void Supervisor::read_readiness() {
  const ReadinessWatch::News news = readiness_.read();
  if (news.main_pid) follow_main_process(*news.main_pid);
  if (news.became_ready && !lifecycle_.is_ending()) {
    outcome_.readiness = Outcome::Readiness::in_time;
    const ReadyRecord record{child_.pid(), child_.elapsed(), readiness_.status()};
    if (options_.verbose)
      say(fmt::format("'{}' was ready after {:.3f} s", options_.command[0], record.after_s));
    reporter_.everywhere(to_line(record));
  }
  // The caller waits for what cannot happen any more. The child's end may be what closed the
  // descriptor: then the end follows at once, and is the better answer.
  const bool is_awaited = options_.leaves_child() || options_.ready_timeout != never;
  if (news.gave_up && is_awaited) give_up_at_ = Clock::now() + patience_after_close;
}

void Supervisor::follow_main_process(pid_t pid) {
  if (lifecycle_.is_ending() || pid == child_.pid()) return;
  // In a PID namespace the number is COMMAND's own in there, most likely. And a tie is for the
  // process that was started.
  if (options_.pid_namespace) return;
  if (!follows_main_process_ || !child_.replace_by(pid)) {
    if (!options_.quiet)
      say(fmt::format("MAINPID={} is not followed: {}", pid,
                      follows_main_process_ ? "not a descendant of COMMAND"
                                            : "a tie stays with the process that tether started"));
    return;
  }
  life_ = Life::runs;
  if (!pidfile_) return;
  if (Status written = pidfile_->write_for(pid, child_.pidfd()); !written.ok())
    say(written.failure());
}

void Supervisor::check_deadlines() {
  const Clock::time_point now = Clock::now();
  if (kill_at_ && now >= *kill_at_) {
    kill_at_.reset();
    perform(lifecycle_.on_kill_due());
  }
  if (is_over()) return;
  if (const auto deadline = readiness_.deadline(); deadline && now >= *deadline) {
    // COMMAND may have been in time, and tether late to read it.
    read_readiness();
    const Act act = readiness_.deadline() ? lifecycle_.on_reason_to_end(Cause::not_ready) : Act{};
    if (act.kind != Act::Kind::nothing) outcome_.readiness = Outcome::Readiness::timed_out;
    perform(act);
  }
  if (give_up_at_ && now >= *give_up_at_) {
    give_up_at_.reset();
    perform(lifecycle_.on_reason_to_end(Cause::not_ready));
  }
}

// Orphans came to this process when their parents ended. The number of a child that has been waited
// for may be one of theirs.
void Supervisor::reap_orphans() {
  reap_others(life_ == Life::known ? -1 : child_.pid());
}

int Supervisor::milliseconds_to_wait() const {
  constexpr auto for_ever = std::chrono::milliseconds::max();
  std::chrono::milliseconds wait = is_over() ? for_ever : child_.next_tending();
  wait = std::min(wait, tree_.next_tending());
  const auto until = [&](const std::optional<Clock::time_point>& deadline) {
    if (deadline) wait = std::min(wait, time_until(*deadline));
  };
  until(kill_at_);
  if (!is_over()) {
    until(lifecycle_.is_ending() ? std::nullopt : readiness_.deadline());
    until(ties_.next_look());
    until(give_up_at_);
  }
  return poll_timeout(wait);
}

}  // namespace tether
