// Every event that a Lifecycle can be told of, and what comes of a row of them.
#pragma once

#include <doctest/doctest.h>

#include <csignal>
#include <string>
#include <vector>

#include "policy/lifecycle.hpp"

namespace tether {

// An event that can happen to a tether whose child lives, and the act it leads to by itself.
struct Event {
  std::string name;
  Act (*happen)(Lifecycle&);
  Act::Kind kind;
  int signal;
};

enum class Sender { process, kernel, ourselves };
enum class Group { shared, own };

template <int number, Sender sender, Group group>
Act signalled(Lifecycle& lifecycle) {
  return lifecycle.on_signal(
      {number, sender == Sender::kernel, sender == Sender::ourselves, group == Group::shared});
}

template <int number>
Act stopped(Lifecycle& lifecycle) {
  return lifecycle.on_child_stopped(number, false);
}

// While a SIGCONT to tether is pending.
inline Act stopped_and_soon_continued(Lifecycle& lifecycle) {
  return lifecycle.on_child_stopped(SIGSTOP, true);
}

inline Act continued(Lifecycle& lifecycle) {
  return lifecycle.on_child_continued();
}

inline Act keeper_gone(Lifecycle& lifecycle) {
  return lifecycle.on_watchdog_gone();
}

inline Act not_ready(Lifecycle& lifecycle) {
  return lifecycle.on_reason_to_end(Cause::not_ready);
}

inline Act kill_due(Lifecycle& lifecycle) {
  return lifecycle.on_kill_due();
}

// A signal that another one has overtaken, which is still to be read.
template <int number, Group group>
Act overtaken(Lifecycle& lifecycle) {
  SignalEvent event;
  event.signal = number;
  event.child_in_our_group = group == Group::shared;
  event.is_overtaken = true;
  return lifecycle.on_signal(event);
}

inline constexpr auto tstp = signalled<SIGTSTP, Sender::process, Group::shared>;
inline constexpr auto tstp_of_terminal = signalled<SIGTSTP, Sender::kernel, Group::shared>;
inline constexpr auto tstp_to_own_group = signalled<SIGTSTP, Sender::kernel, Group::own>;
inline constexpr auto cont = signalled<SIGCONT, Sender::process, Group::shared>;
inline constexpr auto cont_to_own_group = signalled<SIGCONT, Sender::process, Group::own>;
inline constexpr auto cont_of_kernel = signalled<SIGCONT, Sender::kernel, Group::shared>;
inline constexpr auto pass_on = Act::Kind::pass_on;
inline constexpr auto stop = Act::Kind::stop_ourselves;
inline constexpr auto nothing = Act::Kind::nothing;

inline const std::vector<Event> events = {
    {"TERM of a process", signalled<SIGTERM, Sender::process, Group::shared>, pass_on, SIGTERM},
    {"TERM, own group", signalled<SIGTERM, Sender::process, Group::own>, pass_on, SIGTERM},
    {"INT of a process", signalled<SIGINT, Sender::process, Group::shared>, pass_on, SIGINT},
    {"INT of the terminal", signalled<SIGINT, Sender::kernel, Group::shared>, nothing, 0},
    {"INT, own group", signalled<SIGINT, Sender::kernel, Group::own>, pass_on, SIGINT},
    {"HUP of the terminal", signalled<SIGHUP, Sender::kernel, Group::shared>, nothing, 0},
    {"HUP, own group", signalled<SIGHUP, Sender::kernel, Group::own>, pass_on, SIGHUP},
    {"WINCH of the terminal", signalled<SIGWINCH, Sender::kernel, Group::shared>, nothing, 0},
    {"WINCH, own group", signalled<SIGWINCH, Sender::kernel, Group::own>, pass_on, SIGWINCH},
    {"TSTP of a process", tstp, pass_on, SIGTSTP},
    {"TSTP of the terminal", tstp_of_terminal, nothing, 0},
    {"CHLD of a process", signalled<SIGCHLD, Sender::process, Group::shared>, pass_on, SIGCHLD},
    {"PIPE of our own", signalled<SIGPIPE, Sender::ourselves, Group::shared>, nothing, 0},
    {"PIPE, own group", signalled<SIGPIPE, Sender::ourselves, Group::own>, nothing, 0},
    {"PIPE of a process", signalled<SIGPIPE, Sender::process, Group::shared>, pass_on, SIGPIPE},
    {"signal 34", signalled<34, Sender::process, Group::shared>, pass_on, 34},
    {"signal 64", signalled<64, Sender::process, Group::shared>, pass_on, 64},
    {"CONT of a process", cont, pass_on, SIGCONT},
    {"CONT, own group", cont_to_own_group, pass_on, SIGCONT},
    {"CONT of the kernel", cont_of_kernel, nothing, 0},
    {"stopped by TSTP", stopped<SIGTSTP>, stop, SIGTSTP},
    {"stopped by STOP", stopped<SIGSTOP>, stop, SIGSTOP},
    {"stopped by TTIN", stopped<SIGTTIN>, stop, SIGTTIN},
    {"stopped by TTOU", stopped<SIGTTOU>, stop, SIGTTOU},
    {"stopped, CONT pending", stopped_and_soon_continued, nothing, 0},
    {"continued", continued, nothing, 0},
    {"keeper gone", keeper_gone, Act::Kind::replace_watchdog, 0},
    {"not ready", not_ready, Act::Kind::end, SIGTERM},
    {"kill due without an ending", kill_due, nothing, 0},
};

inline bool is_stop(const Event& event) {
  return event.kind == stop || event.happen == stopped_and_soon_continued;
}

inline bool asks_to_stop(const Event& event) {
  return event.happen == tstp || event.happen == tstp_of_terminal;
}

inline bool is_of_ending(const Event& event) {
  return event.happen == not_ready || event.happen == kill_due;
}

inline bool is_continuation(const Event& event) {
  return event.happen == continued;
}

using History = std::vector<Act (*)(Lifecycle&)>;

inline Lifecycle after(const History& history, int first_signal = SIGTERM) {
  Lifecycle lifecycle(first_signal);
  for (const auto happen : history) (void)happen(lifecycle);
  return lifecycle;
}

// The act that the last of `history` leads to.
inline Act last_act(const History& history, int first_signal = SIGTERM) {
  Lifecycle lifecycle(first_signal);
  Act act;
  for (const auto happen : history) act = happen(lifecycle);
  return act;
}

inline void check_act(const Act& act, Act::Kind kind, int signal) {
  CHECK(act.kind == kind);
  CHECK(act.signal == signal);
}

inline void check_passed_on(const Act& act, int signal) {
  check_act(act, pass_on, signal);
}

}  // namespace tether
