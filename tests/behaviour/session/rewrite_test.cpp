// --rewrite: what the child gets, and what its end is put down to.
#include <doctest/doctest.h>

#include <csignal>
#include <string>

#include "gate.hpp"
#include "job_terminal.hpp"
#include "keeper.hpp"

using namespace tether::test;

namespace {

const Words rewrites{"--rewrite=TERM:QUIT", "--rewrite=SIGINT:0", "--rewrite", "1:10",
                     "--rewrite=CONT:WINCH"};

}  // namespace

KERNEL_TEST_CASE("a signal is passed on as another one, once, or not at all") {
  for (const Words& ours : {Words{}, Words{"--setsid"}, Words{"--autoreap"}}) {
    CAPTURE(joined(ours));
    Running running(rewrites + ours + probe("catch"));
    running.expect_output("ready");
    std::string expected = "ready\n";
    for (const auto& [sent, got] : {std::pair{SIGTERM, "got 3\n"},
                                    {SIGINT, ""},
                                    {SIGHUP, "got 10\n"},
                                    {SIGCONT, "got 28\n"},
                                    {SIGALRM, "got 14\n"}}) {
      running.send(sent);
      expected += got;
      running.expect_output(expected);
    }
    running.send(SIGUSR2);
    CHECK(running.wait().out == expected + "got 12\n");
  }
}

TEST_CASE("a whole group gets the other signal") {
  Running running(Words{"--setpgid", "--rewrite=TERM:HUP"} + probe("fork"));
  running.expect_output("ready");
  running.send(SIGTERM);
  running.expect_output("got 1\n");
  running.send(SIGUSR2);
  const Finished finished = running.wait();
  CHECK(finished.exit_code == 0);
  CHECK(finished.out.find("got 15") == std::string::npos);
}

KERNEL_TEST_CASE("a keeper passes signals on as others") {
  TemporaryDirectory directory;
  const Cleanup cleanup;
  const std::string log = directory.path("log");
  const Kept kept = keep(Words{"-q", "--status-file=" + directory.path("record"), "--log=" + log,
                               "--rewrite=TERM:QUIT"} +
                         probe("catch"));
  REQUIRE(eventually([&] { return read_file(log) == "ready\n"; }));
  REQUIRE(::kill(kept.keeper, SIGTERM) == 0);
  CHECK(eventually([&] { return read_file(log) == "ready\ngot 3\n"; }));
  REQUIRE(::kill(kept.keeper, SIGUSR2) == 0);
  CHECK(records_in(directory.path("record"), 2)[1].at("cause") == "signal");
  CHECK(read_file(log) == "ready\ngot 3\ngot 12\n");
}

TEST_CASE("tether ends as the child did and not by what it was sent") {
  Running running(Words{"--json", "--rewrite=TERM:QUIT"} + probe("sleep"));
  running.expect_output("ready");
  running.send(SIGTERM);
  const Finished finished = running.wait();
  CHECK(finished.signal == SIGQUIT);
  CHECK(finished.record("exit").at("signal") == "SIGQUIT");
  CHECK(finished.record("exit").at("cause") == "signal");
  CHECK(finished.record("exit").at("exit_status") == 128 + SIGQUIT);

  Running other(Words{"--json", "--rewrite=INT:TERM"} + probe("sleep"));
  other.expect_output("ready");
  other.send(SIGINT);
  const Finished ended = other.wait();
  CHECK(ended.exit_code == 128 + SIGTERM);
  CHECK(ended.record("exit").at("cause") == "signal");
}

TEST_CASE("a request to end that was rewritten is the cause and one that was dropped is not") {
  struct Row {
    std::string rewrite;
    int sent;
    std::string cause;
  };
  // This COMMAND leaves with a status of its own when TERM comes.
  for (const Row& row :
       {Row{"--rewrite=INT:TERM", SIGINT, "signal"}, Row{"--rewrite=USR1:TERM", SIGUSR1, "signal"},
        Row{"--rewrite=INT:0", SIGINT, "command"}}) {
    CAPTURE(row.rewrite);
    Running running(Words{"--json", row.rewrite} + probe("term", {"7"}));
    running.expect_output("ready");
    running.send(row.sent);
    // After the one that is dropped somebody else ends it.
    if (row.cause == "command") REQUIRE(::kill(running.child(), SIGTERM) == 0);
    const Finished finished = running.wait();
    CHECK(finished.exit_code == 7);
    CHECK(finished.record("exit").at("cause") == row.cause);
  }
}

TEST_CASE("the signals of an ending are tether's own and not rewritten") {
  const Finished finished =
      run(Words{"-t", "100ms", "--json", "--rewrite=TERM:0"} + probe("sleep"));
  CHECK(finished.exit_code == 124);
  CHECK(finished.record("exit").at("signal") == "SIGTERM");
  CHECK(finished.record("exit").at("escalated") == false);
}

TEST_CASE("a request to give up at the gate can be dropped and stays one as another signal") {
  struct Row {
    std::string rewrite;
    int sent;
    bool is_end;
  };
  for (const Row& row :
       {Row{"--rewrite=TERM:USR1", SIGTERM, true}, Row{"--rewrite=TERM:0", SIGTERM, false},
        Row{"--rewrite=USR1:WINCH", SIGUSR1, false}}) {
    CAPTURE(row.rewrite);
    Gate gate;
    Running running(Words{"--json", "--block-fd=9", row.rewrite} + probe("exit", {"7"}),
                    gate.setup());
    running.expect_output("\"spawned\"");
    running.send(row.sent);
    if (!row.is_end) gate.open_by_byte();
    CHECK(running.wait().exit_code == (row.is_end ? 128 + SIGTERM : 7));
  }
}

TEST_CASE("what the terminal has sent to the child too is not sent again as another signal") {
  Terminal terminal(Words{"--rewrite=INT:HUP"} + probe("catch"));
  terminal.expect("ready");
  terminal.type(ctrl_c);
  terminal.expect("got 2");
  REQUIRE(::kill(terminal.job(), SIGUSR2) == 0);
  CHECK(occurrences(terminal.expect("got 12"), "got 1\r") == 0);
  terminal.expect_event("exited 0");
}

TEST_CASE("a child in a session of its own gets what is typed as another signal") {
  Terminal terminal(Words{"--setsid", "--rewrite=INT:HUP"} + probe("catch"));
  terminal.expect("ready");
  terminal.type(ctrl_c);
  terminal.expect("got 1\r");
  REQUIRE(::kill(terminal.job(), SIGUSR2) == 0);
  CHECK(occurrences(terminal.expect("got 12"), "got 2\r") == 0);
  terminal.expect_event("exited 0");
}

KERNEL_TEST_CASE("TSTP as STOP stops a child in a session of its own and tether with it") {
  for (const Words& ours : {Words{"--setsid"}, Words{"--setsid", "--autoreap"}}) {
    CAPTURE(joined(ours));
    Terminal terminal(ours + Words{"--rewrite=TSTP:STOP"} + probe("sleep"));
    terminal.expect("ready");
    const pid_t child = only_child_of(terminal.job());
    for (int round = 0; round < 3; ++round) {
      terminal.type(ctrl_z);
      terminal.expect_event("stopped " + std::to_string(SIGTSTP));
      CHECK(state_of(child) == 'T');
      terminal.foreground();
      CHECK(eventually([&] { return state_of(child) == 'S' && state_of(terminal.job()) == 'S'; }));
    }
    terminal.type(ctrl_c);
    terminal.expect_event("killed " + std::to_string(SIGINT));
  }
}
