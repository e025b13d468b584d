// How an ending of ours goes, and what any end is put down to.
#include <doctest/doctest.h>

#include <csignal>
#include <string>
#include <utility>

#include "lifecycle_events.hpp"

namespace tether {
namespace {

Ending exited(int code) {
  return {Ending::Code::exited, code, 0};
}
Ending killed(int signal) {
  return {Ending::Code::killed, 0, signal};
}
Ending dumped(int signal) {
  return {Ending::Code::dumped, 0, signal};
}

std::string cause_after(const History& history, const Ending& ending) {
  return name_of(after(history).cause_of(ending));
}

}  // namespace

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

constexpr Cause reasons[] = {Cause::timeout, Cause::parent, Cause::pid, Cause::eof,
                             Cause::not_ready};

TEST_CASE("of two reasons to end the first begins the ending and is the cause") {
  for (const Cause first : reasons)
    for (const Cause second : reasons) {
      Lifecycle lifecycle(SIGHUP);
      check_act(lifecycle.on_reason_to_end(first), Act::Kind::end, SIGHUP);
      check_act(lifecycle.on_reason_to_end(second), nothing, 0);
      for (const Ending& ending : {exited(0), killed(SIGHUP), dumped(SIGSEGV)})
        CHECK(lifecycle.cause_of(ending) == first);
      check_act(lifecycle.on_kill_due(), Act::Kind::kill, SIGKILL);
      check_act(lifecycle.on_reason_to_end(second), nothing, 0);
      CHECK(lifecycle.escalated());
      CHECK(lifecycle.cause_of(killed(SIGKILL)) == first);
    }
}

TEST_CASE("a reason to end counts more than a signal that was passed on, in either order") {
  for (const Cause reason : reasons)
    for (const Event& event : events) {
      CAPTURE(event.name);
      if (is_of_ending(event)) continue;
      Lifecycle before;
      (void)event.happen(before);
      check_act(before.on_reason_to_end(reason), Act::Kind::end, SIGTERM);
      CHECK(before.cause_of(killed(SIGTERM)) == reason);
      Lifecycle after_it;
      (void)after_it.on_reason_to_end(reason);
      (void)event.happen(after_it);
      CHECK(after_it.cause_of(killed(SIGTERM)) == reason);
    }
}

TEST_CASE("the causes have the names of the records") {
  const std::pair<Cause, std::string> names[] = {
      {Cause::command, "command"},    {Cause::signal, "signal"}, {Cause::timeout, "timeout"},
      {Cause::parent, "parent"},      {Cause::pid, "pid"},       {Cause::eof, "eof"},
      {Cause::not_ready, "not-ready"}};
  for (const auto& [cause, name] : names) CHECK(name_of(cause) == name);
}

}  // namespace tether
