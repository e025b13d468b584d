// The lifecycle of a child whose whole tree is to end with it: each event, and each pair of them in
// both orders, with the end of the child in between.
#include <doctest/doctest.h>

#include <initializer_list>

#include "lifecycle_events.hpp"

using namespace tether;

namespace {

Lifecycle tree_after(const History& history, int first_signal = SIGTERM) {
  Lifecycle lifecycle(first_signal, Lifecycle::Scope::tree);
  for (const auto happen : history) (void)happen(lifecycle);
  return lifecycle;
}

Act last_act_of_tree(const History& history, int first_signal = SIGTERM) {
  Lifecycle lifecycle(first_signal, Lifecycle::Scope::tree);
  Act act;
  for (const auto happen : history) act = happen(lifecycle);
  return act;
}

Act child_ended(Lifecycle& lifecycle) {
  return lifecycle.on_child_ended();
}

Act warden_gone(Lifecycle& lifecycle) {
  return lifecycle.on_warden_gone();
}

template <Cause cause>
Act reason(Lifecycle& lifecycle) {
  return lifecycle.on_reason_to_end(cause);
}

struct Reason {
  Act (*happen)(Lifecycle&);
  Cause cause;
};
constexpr Reason reasons[] = {
    {reason<Cause::timeout>, Cause::timeout},
    {reason<Cause::parent>, Cause::parent},
    {reason<Cause::pid>, Cause::pid},
    {reason<Cause::eof>, Cause::eof},
    {reason<Cause::not_ready>, Cause::not_ready},
};

const Ending success;
const Ending killed{Ending::Code::killed, 0, SIGKILL};

}  // namespace

TEST_CASE("while the child of a tree lives each event leads to the act it leads to without one") {
  for (const Event& event : events) {
    CAPTURE(event.name);
    check_act(last_act_of_tree({event.happen}), event.kind, event.signal);
  }
}

TEST_CASE("the end of the child ends what it leaves behind, after any event") {
  check_act(last_act_of_tree({child_ended}), Act::Kind::end, SIGTERM);
  check_act(last_act_of_tree({child_ended}, SIGINT), Act::Kind::end, SIGINT);
  check_act(last_act({child_ended}), nothing, 0);
  for (const Event& event : events) {
    CAPTURE(event.name);
    const Act act = last_act_of_tree({event.happen, child_ended});
    // An ending that has begun has asked everybody already.
    if (event.happen == not_ready) {
      check_act(act, nothing, 0);
    } else {
      check_act(act, Act::Kind::end, SIGTERM);
    }
  }
}

TEST_CASE("what comes after the end of the child is for its tree, or for nobody") {
  for (const Event& event : events) {
    CAPTURE(event.name);
    const Act act = last_act_of_tree({child_ended, event.happen});
    const bool asks_to_end =
        event.kind == pass_on && (event.signal == SIGTERM || event.signal == SIGINT ||
                                  event.signal == SIGHUP || event.signal == SIGQUIT);
    if (asks_to_end) check_act(act, Act::Kind::ask_tree, event.signal);
    if (event.kind == pass_on && !asks_to_end) check_act(act, nothing, 0);
    if (event.happen == kill_due) check_act(act, Act::Kind::kill, SIGKILL);
    if (event.happen == not_ready) check_act(act, nothing, 0);
  }
}

TEST_CASE("the first of two reasons counts, and none after the end of the child") {
  for (const Reason& one : reasons) {
    CHECK(tree_after({one.happen}).cause_of(killed) == one.cause);
    CHECK(tree_after({child_ended, one.happen}).cause_of(success) == Cause::command);
    CHECK(tree_after({one.happen, child_ended}).cause_of(success) == one.cause);
    for (const Reason& other : reasons) {
      CHECK(tree_after({one.happen, other.happen}).cause_of(killed) == one.cause);
      check_act(last_act_of_tree({one.happen, other.happen}), nothing, 0);
    }
  }
}

TEST_CASE("a tree whose warden is gone is killed, whenever that happens") {
  check_act(last_act_of_tree({warden_gone}), Act::Kind::kill, SIGKILL);
  CHECK(tree_after({warden_gone}).cause_of(killed) == Cause::holder);
  CHECK(tree_after({warden_gone}).escalated());
  CHECK(tree_after({child_ended, warden_gone}).cause_of(success) == Cause::command);
  check_act(last_act_of_tree({child_ended, warden_gone}), Act::Kind::kill, SIGKILL);
  for (const Reason& other : reasons) {
    CHECK(tree_after({other.happen, warden_gone}).cause_of(killed) == other.cause);
    CHECK(tree_after({warden_gone, other.happen}).cause_of(killed) == Cause::holder);
    check_act(last_act_of_tree({other.happen, warden_gone}), Act::Kind::kill, SIGKILL);
  }
}

TEST_CASE("what a child leaves behind is killed once, and that is an escalation") {
  CHECK_FALSE(tree_after({child_ended}).escalated());
  CHECK(tree_after({child_ended, kill_due}).escalated());
  check_act(last_act_of_tree({child_ended, kill_due, kill_due}), nothing, 0);
  CHECK_FALSE(tree_after({child_ended, kill_due}, SIGKILL).escalated());
}
