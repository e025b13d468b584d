// A real pseudo-terminal: what is typed there, and who has the foreground.
#include <doctest/doctest.h>
#include <unistd.h>

#include <csignal>
#include <optional>

#include "job_terminal.hpp"

using namespace tether::test;

namespace {

const Words kinds_of_job[] = {
    {}, {"--autoreap"}, {"--setpgid"}, {"--tree"}, {"--tree", "--setpgid"}};

// COMMAND, which runs already; a tree's has a keeper for its parent.
pid_t child_of_job(pid_t tether) {
  pid_t child = only_child_of(tether);
  if (status_of(child, "Name") == "warden") child = only_child_of(child);
  REQUIRE(child > 0);
  return child;
}

}  // namespace

TEST_CASE("an interrupt typed at the terminal reaches a child in the same group once") {
  Terminal terminal(probe("catch"));
  terminal.expect("ready");
  terminal.type(ctrl_c);
  terminal.expect("got 2");
  // tether has had its copy by the time it passes this one on.
  REQUIRE(::kill(terminal.job(), SIGUSR1) == 0);
  terminal.expect("got 10");
  REQUIRE(::kill(terminal.job(), SIGUSR2) == 0);
  CHECK(occurrences(terminal.expect("got 12"), "got 2") == 1);
  terminal.expect_event("exited 0");
}

KERNEL_TEST_CASE("a shell sees that its job died of the interrupt") {
  for (const auto& [key, signal] :
       {std::pair{ctrl_c, SIGINT}, std::pair{ctrl_backslash, SIGQUIT}}) {
    for (const Words& ours :
         {Words{}, Words{"--autoreap"}, Words{"--setpgid"}, Words{"--autokill", "--nnp"}}) {
      CAPTURE(ours);
      Terminal terminal(ours + probe("sleep"));
      terminal.expect("ready");
      terminal.type(key);
      terminal.job();
      terminal.expect_event("killed " + std::to_string(signal));
    }
  }
}

TEST_CASE("a child in a session of its own gets the interrupt from tether") {
  Terminal terminal(Words{"--setsid"} + probe("catch"));
  terminal.expect("ready");
  terminal.type(ctrl_c);
  terminal.expect("got 2");
  REQUIRE(::kill(terminal.job(), SIGUSR2) == 0);
  CHECK(occurrences(terminal.expect("got 12"), "got 2") == 1);
  terminal.expect_event("exited 0");
}

KERNEL_TEST_CASE(
    "a change of the window's size reaches a child once in whatever group or session") {
  for (const Words& ours :
       {Words{}, Words{"--setpgid"}, Words{"--setsid"}, Words{"--setsid", "--autoreap"}}) {
    CAPTURE(ours);
    Terminal terminal(ours + probe("catch"));
    terminal.expect("ready");
    // Signals come in the order of their numbers: after a higher one there is no second WINCH.
    terminal.resize(100, 40);
    terminal.expect_next("got 28");
    REQUIRE(::kill(terminal.job(), 40) == 0);
    terminal.expect_next("got 40");
    terminal.resize(101, 40);
    terminal.expect_next("got 28");
    // The same size again is no change.
    terminal.resize(101, 40);
    REQUIRE(::kill(terminal.job(), 41) == 0);
    terminal.expect_next("got 41");
    REQUIRE(::kill(terminal.job(), SIGUSR2) == 0);
    CHECK(occurrences(terminal.expect("got 12"), "got 28") == 2);
    terminal.expect_event("exited 0");
  }
}

KERNEL_TEST_CASE("what the caller ignores a child goes on to ignore when it is typed") {
  for (const std::string ours : {"", "--autoreap ", "--setpgid ", "--setsid "}) {
    CAPTURE(ours);
    Terminal terminal(
        {"--exec", "--", "/bin/sh", "-c",
         "trap '' INT QUIT HUP; exec " + tether_binary() + " " + ours + tool("probe") + " sleep"});
    terminal.expect("ready");
    terminal.type(ctrl_c);
    terminal.type(ctrl_backslash);
    REQUIRE(::kill(terminal.job(), SIGHUP) == 0);
    REQUIRE(::kill(terminal.job(), SIGTERM) == 0);
    terminal.expect_event("exited 143");
  }
}

TEST_CASE("a stop typed at the terminal stops both and the foreground continues both") {
  for (const Words& ours : kinds_of_job) {
    CAPTURE(ours);
    Terminal terminal(ours + probe("sleep"));
    terminal.expect("ready");
    const pid_t tether = terminal.job();
    const pid_t child = child_of_job(tether);
    for (int round = 0; round < 3; ++round) {
      terminal.type(ctrl_z);
      terminal.expect_event("stopped " + std::to_string(SIGTSTP));
      CHECK(state_of(child) == 'T');
      CHECK(state_of(tether) == 'T');
      terminal.foreground();
      CHECK(eventually([&] { return state_of(child) == 'S' && state_of(tether) == 'S'; }));
      CHECK(eventually([&] { return terminal.foreground_group() == ::getpgid(child); }));
    }
    terminal.type(ctrl_c);
    terminal.expect_event("killed " + std::to_string(SIGINT));
  }
}

TEST_CASE("a stop typed the moment after a continuation is not undone by it") {
  for (const Words& ours : kinds_of_job) {
    CAPTURE(ours);
    Terminal terminal(ours + probe("sleep"));
    terminal.expect("ready");
    const pid_t child = child_of_job(terminal.job());
    terminal.type(ctrl_z);
    terminal.expect_event("stopped " + std::to_string(SIGTSTP));
    REQUIRE(eventually([&] { return state_of(child) == 'T'; }));
    for (int round = 0; round < 20; ++round) {
      CAPTURE(round);
      terminal.foreground();
      // Both have been sent it, tether may not have read it.
      terminal.expect_event("continued " + std::to_string(terminal.job()));
      REQUIRE(eventually([&] { return state_of(child) != 'T'; }));
      terminal.type(ctrl_z);
      terminal.expect_event("stopped " + std::to_string(SIGTSTP));
      // The kernel may have stopped tether itself, and the child has yet to come to it.
      REQUIRE(eventually([&] { return state_of(child) == 'T'; }));
    }
  }
}

TEST_CASE("a group started in the background gets the terminal when its job does") {
  Terminal terminal(Words{"--setpgid"} + probe("input"), Terminal::Start::background);
  const pid_t tether = terminal.job();
  // Reading from the background stops it, and tether with it.
  terminal.expect_event("stopped " + std::to_string(SIGTTIN));
  terminal.foreground();
  const pid_t child = only_child_of(tether);
  CHECK(eventually([&] { return terminal.foreground_group() == child && state_of(child) == 'S'; }));
  terminal.type(ctrl_d);
  terminal.expect_event("exited 0");
}

TEST_CASE("a child stopped by somebody else stops tether and SIGCONT to tether continues both") {
  Terminal terminal(probe("sleep"));
  terminal.expect("ready");
  const pid_t tether = terminal.job();
  const pid_t child = only_child_of(tether);
  REQUIRE(::kill(child, SIGSTOP) == 0);
  terminal.expect_event("stopped " + std::to_string(SIGTSTP));
  REQUIRE(::kill(tether, SIGCONT) == 0);
  CHECK(eventually([&] { return state_of(child) == 'S' && state_of(tether) == 'S'; }));
}

TEST_CASE("the foreground comes back when the exec of a new group fails") {
  Terminal terminal({"--setpgid", "/no/such"});
  const pid_t tether = terminal.job();
  terminal.expect_event("exited 127");
  CHECK(terminal.foreground_group() == tether);
}

KERNEL_TEST_CASE("the foreground comes back when an exec in place fails") {
  for (const std::string option : {"", "--close-fds "}) {
    CAPTURE(option);
    Terminal terminal(
        {"--exec", "--", "/bin/sh", "-c",
         tether_binary() + " --exec --setpgid " + option + "/no/such; echo back; read line"});
    terminal.expect("back");
    CHECK(eventually([&] { return terminal.foreground_group() == terminal.job(); }));
  }
}

TEST_CASE("a stop and an interrupt typed at a group of its own reach the script around it") {
  Terminal terminal({"--exec", "--", "/bin/sh", "-c",
                     "while :; do " + tether_binary() + " --setpgid " + tool("probe") +
                         " sleep; echo round; done"});
  terminal.expect("ready");
  const pid_t script = terminal.job();
  const pid_t group = terminal.foreground_group();
  REQUIRE(group != script);
  terminal.type(ctrl_z);
  terminal.expect_event("stopped " + std::to_string(SIGTSTP));
  terminal.foreground();
  REQUIRE(eventually([&] { return terminal.foreground_group() == group; }));
  terminal.type(ctrl_c);
  terminal.expect_event("killed " + std::to_string(SIGINT));
}

TEST_CASE("a hangup reaches the child of a session leader") {
  for (const Words& ours : {Words{}, Words{"--setpgid"}}) {
    CAPTURE(ours);
    std::optional<PseudoTerminal> terminal(std::in_place);
    Running running(ours + probe("sleep"), terminal->on({}));
    running.expect_output("ready");
    terminal.reset();
    CHECK(running.wait().exit_code == 128 + SIGHUP);
  }
}

TEST_CASE("a new group gets the foreground of the terminal and gives it back") {
  Terminal terminal(
      Words{"--setpgid", "--", "/bin/sh", "-c", tool("probe") + " identity; kill -TERM $$"});
  const std::string screen = terminal.expect("foreground");
  terminal.expect("\n");
  const pid_t tether = terminal.job();
  terminal.expect_event("exited 143");
  CHECK(eventually([&] { return terminal.foreground_group() == tether; }));
  const std::string group = screen.substr(
      screen.find("pgrp ") + 5, screen.find('\r', screen.find("pgrp ")) - screen.find("pgrp ") - 5);
  CHECK(group != std::to_string(tether));
  CHECK(screen.find("foreground " + group) != std::string::npos);
}
