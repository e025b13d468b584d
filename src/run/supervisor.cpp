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
// Whoever floods us with signals does not keep us from what else there is to do.
constexpr int most_signals_at_once = 8;

// What is polled whoever asks; others add theirs behind.
enum Watched : std::size_t { of_child, of_signals, of_keeper, of_readiness, of_tree };

}  // namespace

Result<UniqueFd> Supervisor::open_signals() {
  UniqueFd signals(open_signal_descriptor());
  if (!signals) return Failure{.stage = Stage::supervise, .error_number = errno};
  return signals;
}

Supervisor::Supervisor(Setup setup, Child child, Keeper keeper, Tree tree)
    : options_(setup.options),
      reporter_(setup.reporter),
      pidfile_(setup.pidfile),
      foreground_(setup.terminal_fd),
      child_(std::move(child), std::move(keeper), setup.way,
             {options_.new_session() || options_.setpgid,
              reporter_.wants_records() && !options_.cgroup, options_.pid_namespace}),
      tree_(std::move(tree)),
      signals_(std::move(setup.signals)),
      ties_(std::move(setup.ties)),
      hold_(std::move(setup.hold)),
      readiness_(std::move(setup.readiness), options_.ready_timeout),
      lifecycle_(options_.signal, tree_ ? Lifecycle::Scope::tree : Lifecycle::Scope::child),
      follows_main_process_(setup.follows_main_process),
      adopts_orphans_(follows_main_process_ || setup.is_first_process) {
  lifecycle_.rewrite_by(SignalMap(options_.rewrites));
  ready_ = readiness_.is_ready();
  ties_.begin(options_.timeout);
  // Those of which we were not told: they came before we had this program, or at the gate.
  if (adopts_orphans_) reap_others(child_.pid());
}

Result<bool> Supervisor::wait_until_ready() {
  while (!ready_ && !ended_)
    if (Status watched = watch_once(); !watched.ok()) return watched.failure();
  return ready_;
}

Result<Outcome> Supervisor::wait() {
  Outcome outcome;
  while (true) {
    if (ended_ && !ending_) {
      ending_ = child_.learn_ending();
      if (ending_) settle_end(outcome);
      // Not ours after all, or a sandbox that does not let us ask.
      if (!ending_ && !tree_.has_warden() && (released_ || !child_.awaits_release()))
        return Failure{.stage = Stage::supervise,
                       .error_number = child_.awaits_release() ? ENODATA : ECHILD};
    }
    if (ending_ && tree_.is_over()) break;
    if (Status watched = watch_once(); !watched.ok()) return watched.failure();
  }
  outcome.escalated = lifecycle_.escalated();
  if (tree_) outcome.tree = tree_.count();
  outcome.ended_by_kernel = options_.pid_namespace && outcome.cause == Cause::holder;
  child_.end_keeper();
  return outcome;
}

// The child has ended. What it leaves behind can take its time to do so too.
void Supervisor::settle_end(Outcome& outcome) {
  readiness_.close();
  outcome.pid = child_.pid();
  outcome.ending = *ending_;
  outcome.cause = lifecycle_.cause_of(*ending_);
  outcome.was_ready = ready_;
  outcome.timed_out = timed_out_;
  outcome.elapsed_s = child_.elapsed();
  outcome.usage = child_.usage();
  outcome.had_terminal = foreground_.take_back(child_.pid());
  tree_.forget_main();
  if (!tree_.is_over()) perform(lifecycle_.on_child_ended());
}

Result<UniqueFd> Supervisor::take_pidfd() {
  // Whoever stays must not hold what the child's life hangs on; elsewhere a copy will do.
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

Status Supervisor::watch_once() {
  // Of a child that is readable, but not released yet, only the hang-up that follows tells when
  // (Linux 6.9).
  const short childs_events = ended_ ? 0 : POLLIN;
  std::vector<pollfd> watched = {
      {ending_ || (ended_ && tree_.has_warden()) ? -1 : child_.pidfd(), childs_events, 0},
      {signals_.get(), POLLIN, 0},
      {child_.keeper_pidfd(), POLLIN, 0},
      {readiness_.fd(), POLLIN, 0},
      {tree_.fd(), POLLIN, 0}};
  ties_.add_to(watched);
  hold_.add_to(watched);
  reporter_.add_to(watched);
  const int ready = ::poll(watched.data(), watched.size(), milliseconds_to_wait());
  if (ready < 0 && errno == EINTR) return Unit{};
  if (ready < 0) return Failure{.stage = Stage::supervise, .error_number = errno};
  if (!ended_) child_.tend();
  ended_ = ended_ || watched[of_child].revents != 0;
  released_ = (watched[of_child].revents & POLLHUP) != 0;
  if (watched[of_tree].revents != 0) read_tree();
  if (hold_.is_gone(watched)) kill();
  // What it said before its end, it said in time; and it may have named a successor.
  if (watched[of_readiness].revents != 0 || ended_) read_readiness();
  check_deadlines();
  if (const auto reason = ties_.reason(watched); reason && !ended_)
    perform(lifecycle_.on_reason_to_end(*reason));
  // Also after the end: a signal that came together with it may be what it is put down to.
  if (watched[of_signals].revents != 0) read_signals();
  tree_.tend();
  if (adopts_orphans_) reap_orphans();
  reporter_.flush();
  if (watched[of_keeper].revents != 0 && !ended_ && !has_ended(child_.pidfd()))
    perform(lifecycle_.on_keeper_gone());
  return Unit{};
}

void Supervisor::read_tree() {
  while (const auto news = tree_.next_news()) {
    if (news->kind == WardenNews::Kind::ended) {
      child_.set_ending(*news);
      ended_ = true;
    } else if (!options_.leaves_child() && !ended_ &&
               (news->kind == WardenNews::Kind::stopped ||
                news->kind == WardenNews::Kind::continued)) {
      take_change({news->kind == WardenNews::Kind::stopped, news->signal});
    }
  }
  if (tree_.has_warden() || !tree_) return;
  child_.parent_is_gone();
  if (!tree_.inherit(ended_ ? -1 : child_.pid())) return;
  adopts_orphans_ = true;
  perform(lifecycle_.on_warden_gone());
}

void Supervisor::read_readiness() {
  const ReadinessWatch::News news = readiness_.read();
  if (news.main_pid) follow_main_process(*news.main_pid);
  if (news.became_ready && !lifecycle_.is_ending()) {
    ready_ = true;
    const ReadyRecord record{child_.pid(), child_.elapsed(), readiness_.status()};
    if (options_.verbose)
      say(fmt::format("'{}' was ready after {:.3f} s", options_.command[0], record.after_s));
    reporter_.everywhere(to_line(record));
  }
  // Somebody waits for what cannot happen any more. Its end may be what closed the descriptor: that
  // follows at once then, and is the better answer.
  const bool is_awaited = options_.leaves_child() || options_.ready_timeout != never;
  if (news.gave_up && is_awaited) give_up_at_ = Clock::now() + patience_after_close;
}

void Supervisor::follow_main_process(pid_t pid) {
  if (lifecycle_.is_ending() || pid == child_.pid()) return;
  // Its number in there, most likely its own; and a tie is for the process that was started.
  if (options_.pid_namespace) return;
  if (!follows_main_process_ || !child_.replace_by(pid)) {
    if (!options_.quiet)
      say(fmt::format("MAINPID={} is not followed: {}", pid,
                      follows_main_process_ ? "it is no descendant"
                                            : "a tie is for the process that was started"));
    return;
  }
  ended_ = released_ = false;
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
  if (ended_) return;
  if (const auto deadline = readiness_.deadline(); deadline && now >= *deadline) {
    // It may have been in time, and we late.
    read_readiness();
    const Act act = readiness_.deadline() ? lifecycle_.on_reason_to_end(Cause::not_ready) : Act{};
    timed_out_ = timed_out_ || act.kind != Act::Kind::nothing;
    perform(act);
  }
  if (give_up_at_ && now >= *give_up_at_) {
    give_up_at_.reset();
    perform(lifecycle_.on_reason_to_end(Cause::not_ready));
  }
}

void Supervisor::read_signals() {
  // One by one: what is still pending came later.
  for (int i = 0; i < most_signals_at_once; ++i) {
    const auto arrived = next_signal(signals_.get());
    if (!arrived) return;
    handle_signal(*arrived);
  }
}

void Supervisor::handle_signal(const ArrivedSignal& arrived) {
  const int signal = arrived.number;
  // What became of the child comes before what it was sent: a SIGCONT to the group has continued
  // the child already.
  continue_in_hand_ = signal == SIGCONT;
  if (!ended_) handle_child_state(signal == SIGCONT || stops_by_default(signal));
  continue_in_hand_ = false;
  if (signal == SIGCHLD && adopts_orphans_) reap_orphans();
  if (signal == SIGCHLD && !arrived.was_sent) return;
  SignalEvent event;
  event.signal = signal;
  event.from_kernel = arrived.from_kernel;
  event.from_ourselves = arrived.from_ourselves;
  event.child_in_our_group = ::getpgid(child_.pid()) == ::getpgrp();
  event.we_lead_session = ::getsid(0) == ::getpid();
  event.is_overtaken = is_overtaken(signal);
  perform(lifecycle_.on_signal(event));
}

// Those that came to us because their parent ended. The number of a child that has been waited for
// may be one of theirs.
void Supervisor::reap_orphans() {
  reap_others(ending_ ? -1 : child_.pid());
}

// Of the stops of a child that we have left nobody at a terminal knows, and its deadlines go on.
void Supervisor::handle_child_state(bool exactly) {
  if (tree_.has_warden()) {
    if (exactly) tree_.get_in_step();
    read_tree();
    return;
  }
  while (const auto change = take_stop_or_continue(child_.pidfd()))
    if (!options_.leaves_child()) take_change(*change);
}

void Supervisor::take_change(const StopOrContinue& change) {
  if (!change.stopped) return perform(lifecycle_.on_child_continued());
  const bool continue_has_come =
      is_pending(SIGCONT) || (continue_in_hand_ && !is_overtaken(SIGCONT));
  perform(lifecycle_.on_child_stopped(change.signal, continue_has_come));
}

void Supervisor::perform(const Act& act) {
  switch (act.kind) {
    case Act::Kind::nothing:
      break;
    case Act::Kind::pass_on:
      pass_on(act.signal);
      break;
    case Act::Kind::stop_ourselves:
      if (!foreground_.stop_with(child_.pid(), act.signal)) child_.signal(SIGCONT);
      break;
    case Act::Kind::replace_keeper:
      child_.replace_keeper();
      break;
    case Act::Kind::end:
      begin_ending(act.signal);
      break;
    case Act::Kind::kill:
      kill_at_.reset();
      if (tree_) {
        tree_.kill();
      } else {
        child_.signal(act.signal);
      }
      break;
    case Act::Kind::kill_child:
      kill_at_.reset();
      if (tree_) {
        tree_.kill();
      } else {
        child_.kill_alone();
      }
      break;
    case Act::Kind::ask_tree:
      tree_.ask(act.signal);
      break;
  }
}

void Supervisor::pass_on(int signal) {
  if (signal == SIGCONT) (void)foreground_.hand_on(child_.pid());
  child_.signal(signal);
}

void Supervisor::begin_ending(int signal) {
  if (tree_) {
    tree_.ask(signal);
  } else {
    child_.signal(signal);
    // A stopped process could not act on it.
    child_.signal(SIGCONT);
  }
  if (options_.kill_after != never) kill_at_ = Clock::now() + options_.kill_after;
}

int Supervisor::milliseconds_to_wait() const {
  constexpr auto for_ever = std::chrono::milliseconds::max();
  std::chrono::milliseconds wait = ended_ ? for_ever : child_.next_tending();
  wait = std::min(wait, tree_.next_tending());
  const auto until = [&](const std::optional<Clock::time_point>& deadline) {
    if (deadline) wait = std::min(wait, time_until(*deadline));
  };
  until(kill_at_);
  if (!ended_) {
    until(lifecycle_.is_ending() ? std::nullopt : readiness_.deadline());
    until(ties_.next_look());
    until(give_up_at_);
  }
  return poll_timeout(wait);
}

}  // namespace tether
