// Which event leads to which act, in every order.
#include "policy/lifecycle.hpp"

#include <doctest/doctest.h>

#include <csignal>

#include "lifecycle_events.hpp"

namespace tether {

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
      if (is_stop(first) && asks_to_stop(second)) continue;
      CAPTURE(first.name);
      CAPTURE(second.name);
      check_act(last_act({first.happen, second.happen}), second.kind, second.signal);
    }
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

TEST_CASE("a stop that comes to tether while the child is stopped stops tether") {
  // The child will not tell of another one. It may have been passed over for a CONT that this one
  // has thrown away.
  for (const auto first : {stopped<SIGTSTP>, stopped_and_soon_continued})
    for (const auto stop_of_tether : {tstp, tstp_of_terminal, tstp_to_own_group}) {
      check_act(last_act({first, stop_of_tether}), stop, SIGTSTP);
      // Not while it runs, nor while it is being ended.
      CHECK(last_act({first, continued, stop_of_tether}).kind != stop);
      CHECK(last_act({first, not_ready, stop_of_tether}).kind != stop);
    }
}

TEST_CASE("of a CONT and a stop the later one counts") {
  const auto overtaken_cont = overtaken<SIGCONT, Group::shared>;
  CHECK(last_act({stopped<SIGTSTP>, continued, stopped<SIGTSTP>, overtaken_cont}).kind == nothing);
  // The group's next one is still to come.
  CHECK(last_act({stopped<SIGTSTP>, continued, overtaken_cont, cont}).kind == nothing);
  CHECK(last_act({stopped<SIGTSTP>, overtaken<SIGTSTP, Group::shared>}).kind == nothing);
  CHECK(last_act({overtaken<SIGTSTP, Group::own>}).kind == nothing);
  // A group of its own has had neither, and gets both.
  check_passed_on(last_act({stopped<SIGTSTP>, overtaken<SIGCONT, Group::own>}), SIGCONT);
  check_passed_on(last_act({stopped<SIGTSTP>, overtaken<SIGCONT, Group::own>, tstp_to_own_group}),
                  SIGTSTP);
}

TEST_CASE("a CONT of the kernel for the whole group settles the continuation") {
  check_passed_on(last_act({stopped<SIGTSTP>, continued, cont_of_kernel, cont}), SIGCONT);
}

TEST_CASE("a CONT is passed on to a child in a group of its own whoever continued it before") {
  // What continued our group has not reached the child.
  check_passed_on(last_act({stopped<SIGSTOP>, cont_to_own_group}), SIGCONT);
  check_passed_on(last_act({stopped<SIGSTOP>, continued, cont_to_own_group}), SIGCONT);
}

}  // namespace tether
