// Which event leads to which act in every order, and what the end is put down to.
#include "policy/lifecycle.hpp"

#include <doctest/doctest.h>

#include <csignal>
#include <string>
#include <vector>

namespace tether {
namespace {

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
Act stopped_and_soon_continued(Lifecycle& lifecycle) {
  return lifecycle.on_child_stopped(SIGSTOP, true);
}

Act continued(Lifecycle& lifecycle) {
  return lifecycle.on_child_continued();
}

Act keeper_gone(Lifecycle& lifecycle) {
  return lifecycle.on_keeper_gone();
}

Act not_ready(Lifecycle& lifecycle) {
  return lifecycle.on_not_ready();
}

Act kill_due(Lifecycle& lifecycle) {
  return lifecycle.on_kill_due();
}

constexpr auto cont = signalled<SIGCONT, Sender::process, Group::shared>;
constexpr auto cont_to_own_group = signalled<SIGCONT, Sender::process, Group::own>;
constexpr auto cont_of_kernel = signalled<SIGCONT, Sender::kernel, Group::shared>;
constexpr auto pass_on = Act::Kind::pass_on;
constexpr auto stop = Act::Kind::stop_ourselves;
constexpr auto nothing = Act::Kind::nothing;

const std::vector<Event> events = {
    {"TERM of a process", signalled<SIGTERM, Sender::process, Group::shared>, pass_on, SIGTERM},
    {"TERM, own group", signalled<SIGTERM, Sender::process, Group::own>, pass_on, SIGTERM},
    {"INT of a process", signalled<SIGINT, Sender::process, Group::shared>, pass_on, SIGINT},
    {"INT of the terminal", signalled<SIGINT, Sender::kernel, Group::shared>, nothing, 0},
    {"INT, own group", signalled<SIGINT, Sender::kernel, Group::own>, pass_on, SIGINT},
    {"HUP of the terminal", signalled<SIGHUP, Sender::kernel, Group::shared>, nothing, 0},
    {"HUP, own group", signalled<SIGHUP, Sender::kernel, Group::own>, pass_on, SIGHUP},
    {"WINCH of the terminal", signalled<SIGWINCH, Sender::kernel, Group::shared>, nothing, 0},
    {"WINCH, own group", signalled<SIGWINCH, Sender::kernel, Group::own>, pass_on, SIGWINCH},
    {"TSTP of a process", signalled<SIGTSTP, Sender::process, Group::shared>, pass_on, SIGTSTP},
    {"TSTP of the terminal", signalled<SIGTSTP, Sender::kernel, Group::shared>, nothing, 0},
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
    {"stopped by STOP", stopped<SIGSTOP>, stop, SIGTSTP},
    {"stopped by TTIN", stopped<SIGTTIN>, stop, SIGTTIN},
    {"stopped by TTOU", stopped<SIGTTOU>, stop, SIGTTOU},
    {"stopped, CONT pending", stopped_and_soon_continued, nothing, 0},
    {"continued", continued, nothing, 0},
    {"keeper gone", keeper_gone, Act::Kind::replace_keeper, 0},
    {"not ready", not_ready, Act::Kind::end, SIGTERM},
    {"kill due without an ending", kill_due, nothing, 0},
};

bool is_stop(const Event& event) {
  return event.kind == stop || event.happen == stopped_and_soon_continued;
}

bool is_of_ending(const Event& event) {
  return event.happen == not_ready || event.happen == kill_due;
}

bool is_continuation(const Event& event) {
  return event.happen == continued;
}

Ending exited(int code) {
  return {Ending::Code::exited, code, 0};
}
Ending killed(int signal) {
  return {Ending::Code::killed, 0, signal};
}
Ending dumped(int signal) {
  return {Ending::Code::dumped, 0, signal};
}

using History = std::vector<Act (*)(Lifecycle&)>;

Lifecycle after(const History& history, int first_signal = SIGTERM) {
  Lifecycle lifecycle(first_signal);
  for (const auto happen : history) (void)happen(lifecycle);
  return lifecycle;
}

std::string cause_after(const History& history, const Ending& ending) {
  return name_of(after(history).cause_of(ending));
}

// The act that the last of `history` leads to.
Act last_act(const History& history, int first_signal = SIGTERM) {
  Lifecycle lifecycle(first_signal);
  Act act;
  for (const auto happen : history) act = happen(lifecycle);
  return act;
}

void check_act(const Act& act, Act::Kind kind, int signal) {
  CHECK(act.kind == kind);
  CHECK(act.signal == signal);
}

void check_passed_on(const Act& act, int signal) {
  check_act(act, pass_on, signal);
}

}  // namespace

TEST_CASE("each event leads to its act") {
  for (const Event& event : events) {
    CAPTURE(event.name);
    check_act(last_act({event.happen}), event.kind, event.signal);
  }
}

TEST_CASE("no event changes the act of the next in either order but those of an ending") {
  for (const Event& first : events)
    for (const Event& second : events) {
      if (is_of_ending(first) && is_of_ending(second)) continue;
      // Who ends it stays awake.
      if (first.happen == not_ready && is_stop(second)) continue;
      CAPTURE(first.name);
      CAPTURE(second.name);
      check_act(last_act({first.happen, second.happen}), second.kind, second.signal);
    }
}

TEST_CASE("an ending begins once and is finished by SIGKILL once it is due") {
  check_act(last_act({not_ready, not_ready}), nothing, 0);
  check_act(last_act({not_ready, kill_due}), Act::Kind::kill, SIGKILL);
  check_act(last_act({kill_due, not_ready}), Act::Kind::end, SIGTERM);
  check_act(last_act({kill_due, kill_due}), nothing, 0);
  check_act(last_act({not_ready, kill_due, kill_due}), nothing, 0);
  check_act(last_act({not_ready, kill_due, not_ready}), nothing, 0);
  check_act(last_act({kill_due, not_ready, kill_due}), Act::Kind::kill, SIGKILL);
}

TEST_CASE("a child that stops while it is being ended stops nobody else") {
  for (const Event& event : events)
    if (is_stop(event)) check_act(last_act({not_ready, event.happen}), nothing, 0);
}

TEST_CASE("what happens meanwhile neither begins nor hastens nor undoes an ending") {
  for (const Event& event : events) {
    if (is_of_ending(event)) continue;
    CAPTURE(event.name);
    const auto other = event.happen;
    check_act(last_act({other, kill_due}), nothing, 0);
    check_act(last_act({other, not_ready}), Act::Kind::end, SIGTERM);
    check_act(last_act({not_ready, other, not_ready}), nothing, 0);
    check_act(last_act({not_ready, other, kill_due}), Act::Kind::kill, SIGKILL);
    check_act(last_act({other, not_ready, kill_due}), Act::Kind::kill, SIGKILL);
    check_act(last_act({not_ready, kill_due, other, kill_due}), nothing, 0);
  }
}

TEST_CASE("an ending has begun when it was not ready and not before") {
  CHECK_FALSE((after({}).is_ending() || after({}).escalated()));
  for (const Event& first : events)
    for (const Event& second : events) {
      CAPTURE(first.name);
      CAPTURE(second.name);
      const Lifecycle lifecycle = after({first.happen, second.happen});
      CHECK(lifecycle.is_ending() == (first.happen == not_ready || second.happen == not_ready));
      CHECK(lifecycle.escalated() == (first.happen == not_ready && second.happen == kill_due));
      CHECK(after({first.happen, not_ready, second.happen, kill_due}).escalated());
    }
}

TEST_CASE("an ending begins with the signal that the user chose") {
  for (const int signal : {SIGINT, SIGHUP, SIGKILL, SIGSTOP, 64}) {
    CAPTURE(signal);
    check_act(last_act({not_ready}, signal), Act::Kind::end, signal);
    check_act(last_act({not_ready, kill_due}, signal), Act::Kind::kill, SIGKILL);
    // What began with SIGKILL was never gentle.
    CHECK(after({not_ready, kill_due}, signal).escalated() == (signal != SIGKILL));
    CHECK_FALSE(after({not_ready}, signal).escalated());
    CHECK_FALSE(after({kill_due, not_ready}, signal).escalated());
  }
}

TEST_CASE("what we ended is put down to that whatever else came before or after") {
  const Ending endings[] = {exited(0),       exited(1),       exited(143),     killed(SIGTERM),
                            killed(SIGKILL), dumped(SIGQUIT), exited(128 + 64)};
  for (const Event& event : events)
    for (const Ending& ending : endings) {
      CAPTURE(event.name);
      CHECK(cause_after({event.happen, not_ready}, ending) == "not-ready");
      CHECK(cause_after({not_ready, event.happen}, ending) == "not-ready");
      CHECK(cause_after({not_ready, event.happen, kill_due}, ending) == "not-ready");
    }
  CHECK(cause_after({kill_due}, killed(SIGKILL)) == "command");
}

TEST_CASE("after a stop and a continuation only the CONT that belongs to it is not passed on") {
  for (const Event& first : events)
    for (const Event& second : events)
      for (const Event& third : events) {
        if (!is_stop(first) || !is_continuation(second) || third.happen == cont_to_own_group)
          continue;
        CAPTURE(first.name);
        CAPTURE(third.name);
        const Act act = last_act({first.happen, second.happen, third.happen});
        CHECK(act.kind == (third.happen == cont ? nothing : third.kind));
      }
}

TEST_CASE("a child that was continued with our group is continued once") {
  const auto stopped_by_tty = stopped<SIGTSTP>;
  CHECK(last_act({stopped_by_tty, continued, cont}).kind == nothing);
  // Ctrl-Z and fg for a second time are no different.
  CHECK(last_act({stopped_by_tty, continued, cont, stopped_by_tty, continued, cont}).kind ==
        nothing);
  check_passed_on(last_act({stopped_by_tty, continued, cont, cont}), SIGCONT);
  // A continuation without a stop before it says nothing of a CONT to come.
  check_passed_on(last_act({stopped_by_tty, continued, cont, continued, cont}), SIGCONT);
}

TEST_CASE("a CONT of tether alone continues the child") {
  check_passed_on(last_act({stopped<SIGSTOP>, cont}), SIGCONT);
  // The continuation that follows is of our making: the next CONT is another one.
  check_passed_on(last_act({stopped<SIGSTOP>, cont, continued, cont}), SIGCONT);
  check_passed_on(last_act({stopped<SIGSTOP>, cont, continued, stopped<SIGSTOP>, cont}), SIGCONT);
  check_passed_on(last_act({stopped<SIGSTOP>, cont, cont}), SIGCONT);
}

TEST_CASE("a stop that a pending CONT will end does not stop tether and the CONT is passed on") {
  CHECK(last_act({stopped_and_soon_continued}).kind == nothing);
  check_passed_on(last_act({stopped_and_soon_continued, cont}), SIGCONT);
  CHECK(last_act({stopped_and_soon_continued, continued, cont}).kind == nothing);
}

TEST_CASE("a child that is stopped again is continued by a CONT of tether alone") {
  // It was continued by somebody else, without a CONT to us.
  check_passed_on(last_act({stopped<SIGSTOP>, continued, stopped<SIGSTOP>, cont}), SIGCONT);
}

TEST_CASE("a CONT of the kernel for the whole group settles the continuation") {
  check_passed_on(last_act({stopped<SIGTSTP>, continued, cont_of_kernel, cont}), SIGCONT);
}

TEST_CASE("a CONT is passed on to a child in a group of its own whoever continued it before") {
  // What continued our group has not reached the child.
  check_passed_on(last_act({stopped<SIGSTOP>, cont_to_own_group}), SIGCONT);
  check_passed_on(last_act({stopped<SIGSTOP>, continued, cont_to_own_group}), SIGCONT);
}

TEST_CASE("what was passed on is the cause of an ending that it explains") {
  struct Row {
    Act (*sent)(Lifecycle&);
    Ending ending;
    const char* cause;
  };
  constexpr auto term = signalled<SIGTERM, Sender::process, Group::shared>;
  constexpr auto quit = signalled<SIGQUIT, Sender::kernel, Group::own>;
  constexpr auto interrupt = signalled<SIGINT, Sender::process, Group::shared>;
  constexpr auto hup = signalled<SIGHUP, Sender::process, Group::shared>;
  constexpr auto usr1 = signalled<SIGUSR1, Sender::process, Group::shared>;
  constexpr auto highest = signalled<64, Sender::process, Group::shared>;
  const Row rows[] = {
      // A request to end explains any ending.
      {term, exited(0), "signal"},
      {term, exited(1), "signal"},
      {term, exited(143), "signal"},
      {term, killed(SIGTERM), "signal"},
      {term, killed(SIGKILL), "signal"},
      {interrupt, exited(0), "signal"},
      {interrupt, exited(130), "signal"},
      {interrupt, killed(SIGINT), "signal"},
      {quit, exited(0), "signal"},
      {quit, dumped(SIGQUIT), "signal"},
      // Another signal explains the ending that it stands for, and no other.
      {hup, exited(0), "command"},
      {hup, exited(1), "command"},
      {hup, exited(129), "signal"},
      {hup, killed(SIGHUP), "signal"},
      {hup, killed(SIGKILL), "command"},
      {hup, exited(130), "command"},
      {usr1, killed(SIGUSR1), "signal"},
      {usr1, exited(128 + SIGUSR1), "signal"},
      {usr1, exited(SIGUSR1), "command"},
      {usr1, killed(SIGUSR2), "command"},
      {highest, killed(64), "signal"},
      {highest, exited(192), "signal"},
      {highest, exited(128), "command"},
      {highest, exited(193), "command"},
      {highest, exited(255), "command"},
      {signalled<SIGSEGV, Sender::process, Group::shared>, dumped(SIGSEGV), "signal"},
      {cont, exited(0), "command"},
      // What the child had from somebody else, or we from ourselves, was not passed on.
      {signalled<SIGINT, Sender::kernel, Group::shared>, killed(SIGINT), "command"},
      {signalled<SIGINT, Sender::kernel, Group::shared>, exited(130), "command"},
      {signalled<SIGHUP, Sender::kernel, Group::shared>, killed(SIGHUP), "command"},
      {signalled<SIGHUP, Sender::kernel, Group::own>, killed(SIGHUP), "signal"},
      {signalled<SIGPIPE, Sender::ourselves, Group::shared>, killed(SIGPIPE), "command"},
      {keeper_gone, killed(SIGKILL), "command"},
  };
  for (std::size_t i = 0; i < std::size(rows); ++i) {
    CAPTURE(i);
    CHECK(cause_after({rows[i].sent}, rows[i].ending) == rows[i].cause);
  }
}

TEST_CASE("without a signal every ending is put down to the command") {
  for (int code = 0; code < 256; ++code) CHECK(cause_after({}, exited(code)) == "command");
  for (int signal = 1; signal <= 64; ++signal) {
    CHECK(cause_after({}, killed(signal)) == "command");
    CHECK(cause_after({}, dumped(signal)) == "command");
  }
}

TEST_CASE("the cause does not depend on the order of what went before") {
  for (const Event& first : events)
    for (const Event& second : events) {
      CAPTURE(first.name);
      CAPTURE(second.name);
      for (const Ending& ending : {exited(0), exited(129), killed(SIGTERM), killed(SIGHUP)}) {
        const bool ours = first.happen == not_ready || second.happen == not_ready;
        const bool explained = cause_after({first.happen}, ending) == "signal" ||
                               cause_after({second.happen}, ending) == "signal";
        CHECK(cause_after({first.happen, second.happen}, ending) == (ours        ? "not-ready"
                                                                     : explained ? "signal"
                                                                                 : "command"));
      }
    }
}

}  // namespace tether
