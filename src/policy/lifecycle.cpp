#include "policy/lifecycle.hpp"

#include <csignal>
#include <utility>

#include "sys/signal_names.hpp"

namespace tether {
namespace {

std::uint64_t bit(int signal) {
  return std::uint64_t{1} << (signal - 1);
}

// What a terminal sends to its whole foreground group; everything else that comes from the kernel,
// an alarm for instance, is for one process. A hangup is both: for the group when the leader of the
// session ends, for the leader alone when the line goes (tty_ioctl(4), credentials(7)).
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
    case SIGCONT:  // which follows a hangup
      return event.from_kernel && !event.we_lead_session;
    default:
      return false;
  }
}

// A program that catches one of these and leaves in its own way still ended because of it. Not
// SIGHUP, which often means "read your configuration again".
bool is_request_to_end(int signal) {
  return signal == SIGTERM || signal == SIGINT || signal == SIGQUIT;
}

}  // namespace

const char* name_of(Cause cause) {
  switch (cause) {
    case Cause::command:
      return "command";
    case Cause::signal:
      return "signal";
    case Cause::timeout:
      return "timeout";
    case Cause::parent:
      return "parent";
    case Cause::pid:
      return "pid";
    case Cause::eof:
      return "eof";
    case Cause::not_ready:
      return "not-ready";
    case Cause::holder:
      return "holder";
  }
  return nullptr;
}

const char* explain(Cause cause) {
  switch (cause) {
    case Cause::timeout:
      return "the time limit expired";
    case Cause::parent:
      return "tether's parent died";
    case Cause::pid:
      return "a process of --die-with-pid died";
    case Cause::eof:
      return "--die-on-eof was at end of file";
    case Cause::not_ready:
      return "COMMAND did not become ready";
    case Cause::holder:
      return "the last holder of the pidfd or the warden died";
    case Cause::signal:
      return "tether passed a signal on";
    case Cause::command:
      break;
  }
  return nullptr;
}

Act Lifecycle::on_signal(const SignalEvent& event) {
  if (event.from_ourselves) return {};
  if (child_ended_) {
    const bool hastens = scope_ == Scope::tree && asks_to_end(event.signal);
    const int signal = map_.of(event.signal);
    return hastens && signal != 0 ? Act{Act::Kind::ask_tree, signal} : Act{};
  }
  // To a child in our group a SIGCONT would come after the stop that has overtaken it; one in its
  // own group has not had either of them yet.
  if (event.is_overtaken && (event.child_in_our_group || event.signal != SIGCONT)) return {};
  const bool echo = event.signal == SIGCONT && std::exchange(continued_by_others_, false);
  // A child in our group has had what the group got. And when a shell continued our group and with
  // it the child, its SIGCONT to us is not another one.
  const bool child_has_it = event.child_in_our_group && (was_for_the_group(event) || echo);
  const int signal = child_has_it ? event.signal : map_.of(event.signal);
  // Of a child that is stopped already no other stop will be told.
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
  // Once we are ending it, somebody has to stay awake to go on with that.
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

// Who killed it wanted the end of the tree, or did not know: either way nothing binds it any more.
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
  // An ending has asked everybody already.
  if (scope_ == Scope::child || ending_) return {};
  return {Act::Kind::end, first_signal_};
}

Cause Lifecycle::cause_of(const Ending& ending) const {
  if (ending_) return *ending_;
  if (asked_to_end_) return Cause::signal;
  const int fatal = ending.code == Ending::Code::exited ? ending.exit_code - 128 : ending.signal;
  const bool ours = fatal >= 1 && fatal <= 64 && (passed_on_ & bit(fatal)) != 0;
  return ours ? Cause::signal : Cause::command;
}

}  // namespace tether
