#include "policy/lifecycle.hpp"

#include <numeric>
#include <utility>

#include "enum_table.hpp"

namespace tether {
namespace {

std::uint64_t bit(int signal) {
  return std::uint64_t{1} << (signal - 1);
}

// The kernel sends these to the whole foreground process group of a terminal; others, such as
// SIGALRM, to one process. SIGHUP goes to the group when the session leader ends, to the leader
// alone when the terminal hangs up (tty_ioctl(4), credentials(7)).
bool was_for_the_group(const SignalEvent& event) {
  switch (event.signal) {
    case SIGINT:
    case SIGQUIT:
    case SIGTSTP:
    case SIGTTIN:
    case SIGTTOU:
    case SIGWINCH:
      return event.from_kernel;
    case SIGHUP:
    case SIGCONT:  // follows SIGHUP
      return event.from_kernel && !event.we_lead_session;
    default:
      return false;
  }
}

// A program that catches one of these and exits has ended by it. SIGHUP often means "reload".
bool is_request_to_end(int signal) {
  return signal == SIGTERM || signal == SIGINT || signal == SIGQUIT;
}

struct CauseRow {
  Cause cause;
  const char* name;         // in the exit record
  const char* explanation;  // for users
};

constexpr CauseRow cause_table[] = {
    {Cause::command, "command", nullptr},
    {Cause::signal, "signal", "tether passed a signal on"},
    {Cause::timeout, "timeout", "the time limit expired"},
    {Cause::parent, "parent", "tether's parent died"},
    {Cause::pid, "pid", "a process of --die-with-pid died"},
    {Cause::eof, "eof", "--die-on-eof was at end of file"},
    {Cause::not_ready, "not-ready", "COMMAND did not become ready"},
    {Cause::holder, "holder", "the last holder of the pidfd or the warden died"},
};

static_assert(has_each(cause_table, &CauseRow::cause, Cause::holder));

}  // namespace

const char* name_of(Cause cause) {
  return row_of(cause_table, cause).name;
}

const char* explain(Cause cause) {
  return row_of(cause_table, cause).explanation;
}

SignalMap::SignalMap(const std::vector<Rewrite>& rewrites) {
  std::iota(map_.begin(), map_.end(), 0);
  for (const Rewrite& rewrite : rewrites) map_[static_cast<std::size_t>(rewrite.from)] = rewrite.to;
}

Act Lifecycle::on_signal(const SignalEvent& event) {
  if (event.from_ourselves) return {};
  if (child_ended_) {
    const bool hastens = scope_ == Scope::tree && asks_to_end(event.signal);
    const int signal = map_.of(event.signal);
    return hastens && signal != 0 ? Act{Act::Kind::ask_tree, signal} : Act{};
  }
  // A child in tether's process group would get the SIGCONT after the stop that has overtaken it. A
  // child in a group of its own has got neither yet.
  if (event.is_overtaken && (event.child_in_our_group || event.signal != SIGCONT)) return {};
  const bool echo = event.signal == SIGCONT && std::exchange(continued_by_others_, false);
  // A child in tether's group has got what the group got. If a shell has continued the group, the
  // SIGCONT that tether reads after the child's continuation is the one that continued the child.
  const bool child_has_it = event.child_in_our_group && (was_for_the_group(event) || echo);
  const int signal = child_has_it ? event.signal : map_.of(event.signal);
  // The kernel reports no second stop of a child that is stopped.
  const bool was_typed = event.from_kernel || event.child_in_our_group;
  if (stops_by_default(signal) && stopped_ && was_typed && !ending_)
    return {Act::Kind::stop_ourselves, signal};
  if (child_has_it || signal == 0) return {};
  if (signal == SIGCONT) stopped_ = false;
  passed_on_ |= bit(signal);
  asked_to_end_ = asked_to_end_ || is_request_to_end(event.signal) || is_request_to_end(signal);
  return {Act::Kind::pass_on, signal};
}

Act Lifecycle::on_child_stopped(int signal, bool continue_has_come) {
  stopped_ = true;
  continued_by_others_ = false;
  // An ending goes on only while tether is not stopped.
  if (continue_has_come || ending_) return {};
  return {Act::Kind::stop_ourselves, signal};
}

Act Lifecycle::on_child_continued() {
  continued_by_others_ = stopped_;
  stopped_ = false;
  return {};
}

Act Lifecycle::on_watchdog_gone() {
  return {Act::Kind::replace_watchdog, 0};
}

// Whatever the warden was killed for: without it nothing ties the tree to tether any more.
Act Lifecycle::on_warden_gone() {
  if (!child_ended_ && !ending_) ending_ = Cause::holder;
  escalated_ = escalated_ || first_signal_ != SIGKILL;
  return {Act::Kind::kill, SIGKILL};
}

Act Lifecycle::on_holder_gone() {
  if (child_ended_ && scope_ == Scope::child) return {};
  const bool was_ending = ending_ || child_ended_;
  if (!was_ending) ending_ = Cause::holder;
  escalated_ = escalated_ || (was_ending && first_signal_ != SIGKILL);
  return {Act::Kind::kill_child, SIGKILL};
}

Act Lifecycle::on_reason_to_end(Cause reason) {
  if (ending_ || child_ended_) return {};
  ending_ = reason;
  return {Act::Kind::end, first_signal_};
}

Act Lifecycle::on_kill_due() {
  if ((!ending_ && !child_ended_) || escalated_) return {};
  escalated_ = first_signal_ != SIGKILL;
  return {Act::Kind::kill, SIGKILL};
}

Act Lifecycle::on_child_ended() {
  child_ended_ = true;
  // An ending has signalled the whole tree already.
  if (scope_ == Scope::child || ending_) return {};
  return {Act::Kind::end, first_signal_};
}

Cause Lifecycle::cause_of(const Ending& ending) const {
  if (ending_) return *ending_;
  if (asked_to_end_) return Cause::signal;
  const int fatal = ending.code == Ending::Code::exited ? ending.exit_code - 128 : ending.signal;
  const bool was_passed_on = fatal >= 1 && fatal <= 64 && (passed_on_ & bit(fatal)) != 0;
  return was_passed_on ? Cause::signal : Cause::command;
}

}  // namespace tether
