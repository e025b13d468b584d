// tether where nobody could continue it: the leader of a session, or the first process of a
// container. It is never stopped, and what is typed stops no child for good.
#include <doctest/doctest.h>

#include <csignal>
#include <string>

#include "first_process.hpp"
#include "job_terminal.hpp"

using namespace tether::test;

namespace {

const Words kinds_of_orphan[] = {
    {}, {"--setsid"}, {"--setpgid"}, {"--autoreap"}, {"--setpgid", "--autoreap"}};

Setup leading_a_session() {
  Setup setup;
  setup.before_exec = [] { (void)::setsid(); };
  return setup;
}

}  // namespace

TEST_CASE("tether never stops itself in an orphaned group") {
  for (const Words& ours : kinds_of_orphan) {
    CAPTURE(joined(ours));
    Running running(ours + Words{"--print-pid"} + probe("sleep"), leading_a_session());
    running.expect_output("ready");
    const pid_t child = running.child();
    REQUIRE(::kill(child, SIGSTOP) == 0);
    CHECK(eventually([&] { return state_of(child) == 'T'; }));
    // It is still there to be asked: SIGCONT is passed on, and the end is seen.
    running.send(SIGCONT);
    CHECK(eventually([&] { return state_of(child) == 'S'; }));
    CHECK(state_of(running.pid()) != 'T');
    running.send(SIGTERM);
    CHECK(running.wait().exit_code == 143);
  }
}

KERNEL_TEST_CASE("a stop that is typed where nobody could undo it stops nobody for good") {
  for (const Words& ours : {Words{"--setpgid"}, Words{"--setpgid", "--autoreap"}}) {
    CAPTURE(joined(ours));
    PseudoTerminal terminal;
    Running running(ours + probe("continued"), terminal.on({0, 1, 2}));
    terminal.expect_next("ready");
    for (int round = 0; round < 3; ++round) {
      terminal.type(std::string(1, ctrl_z));
      terminal.expect_next("continued");
    }
    // It has the terminal still, and can read from it.
    terminal.type("line\n");
    terminal.expect_next("over");
    CHECK(running.wait().exit_code == 0);
  }
}

KERNEL_TEST_CASE("a stop that is typed in a container stops nobody for good") {
  SKIP_UNLESS(can_unshare_pids(), "no PID namespace can be had here");
  for (const Words& ours : {Words{"--setpgid"}, Words{"--setpgid", "--autoreap"}}) {
    CAPTURE(joined(ours));
    PseudoTerminal terminal;
    Running running(ours + probe("continued"), first_process(terminal.on({0, 1, 2}).before_exec));
    terminal.expect_next("ready");
    terminal.type(std::string(1, ctrl_z));
    terminal.expect_next("continued");
    terminal.type("line\n");
    terminal.expect_next("over");
    CHECK(running.wait().exit_code == 0);
  }
}
