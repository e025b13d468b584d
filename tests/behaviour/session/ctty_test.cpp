// --ctty: which terminal becomes COMMAND's, and when none does.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

#include "detached.hpp"
#include "pseudo_terminal.hpp"

using namespace tether::test;

namespace {

// A caller without a terminal of its own that has this one open on standard input.
Setup with_input(const PseudoTerminal& terminal) {
  Setup setup;
  setup.before_exec = [path = terminal.path()] {
    (void)::setsid();
    (void)::dup2(::open(path.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC), 0);
  };
  return setup;
}

pid_t command_of(Running& running) {
  running.expect_output("ready");
  return children_of(running.pid()).at(0);
}

}  // namespace

TEST_CASE("standard input's terminal becomes the controlling one of a new session") {
  for (const char* option : {"-c", "--ctty"}) {
    CAPTURE(option);
    PseudoTerminal terminal;
    Running running(Words{option} + probe("sleep"), with_input(terminal));
    const pid_t child = command_of(running);
    CHECK(::getsid(child) == child);
    CHECK(terminal_of(child) == terminal.number());
    CHECK(::tcgetpgrp(terminal.master()) == child);
    // What is typed there is for it, and the caller learns what became of it.
    REQUIRE(::write(terminal.master(), "\x03", 1) == 1);
    CHECK(running.wait().signal == SIGINT);
  }
}

TEST_CASE("COMMAND can take the terminal in place") {
  PseudoTerminal terminal;
  Setup setup;  // not a leader, which could not start a session
  setup.before_exec = [path = terminal.path()] {
    (void)::dup2(::open(path.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC), 0);
  };
  Running running(Words{"--exec", "--ctty"} + probe("sleep"), setup);
  running.expect_output("ready");
  CHECK(::getsid(running.pid()) == running.pid());
  CHECK(terminal_of(running.pid()) == terminal.number());
}

TEST_CASE("a terminal that a file option names becomes the controlling one") {
  PseudoTerminal terminal;
  Running running(Words{"-c", "--stdin=" + terminal.path()} + probe("sleep"));
  const pid_t child = command_of(running);
  CHECK(terminal_of(child) == terminal.number());
}

TEST_CASE("no terminal becomes the controlling one unless that is asked for") {
  PseudoTerminal terminal;
  Setup leader;
  leader.before_exec = [] { (void)::setsid(); };
  const Words ours{"--stdin=" + terminal.path(), "--stderr=" + terminal.path()};
  for (const Words& more : {Words{}, Words{"--setsid"}}) {
    CAPTURE(joined(more));
    Running running(more + ours + probe("sleep"), leader);
    const pid_t child = command_of(running);
    CHECK(terminal_of(child) == 0);
    CHECK(terminal_of(running.pid()) == 0);
  }
}

TEST_CASE("the terminal of a session that has ended can be taken by anybody") {
  PseudoTerminal terminal;
  CHECK(run(Words{"--exec"} + probe("identity"), terminal.on({0})).exit_code == 0);
  Running running(Words{"-c"} + probe("sleep"), with_input(terminal));
  CHECK(terminal_of(command_of(running)) == terminal.number());
}

TEST_CASE("the terminal of another session is taken by the privileged only") {
  PseudoTerminal terminal;
  Running owner(Words{"--exec"} + probe("sleep"), terminal.on({0}));
  owner.expect_output("ready");
  REQUIRE(terminal_of(owner.pid()) == terminal.number());
  if (is_root()) {
    Running taker(Words{"-c"} + probe("sleep"), with_input(terminal));
    CHECK(terminal_of(command_of(taker)) == terminal.number());
    CHECK(terminal_of(owner.pid()) == 0);
    return;
  }
  const Finished refused = run(Words{"-c"} + probe("sleep"), with_input(terminal));
  CHECK(refused.exit_code == 125);
  CHECK(refused.err ==
        "tether: cannot make standard input the controlling terminal: Operation not permitted\n"
        "tether: hint: another session has this terminal\n");
  CHECK(terminal_of(owner.pid()) == terminal.number());
}

TEST_CASE("standard input that is no terminal is an error and nothing is run or made") {
  TemporaryDirectory directory;
  Setup closed;
  closed.before_exec = [] { (void)::close(0); };
  const Words files{"--stdout=" + directory.path("new"), "--log=" + directory.path("old")};
  const Words command{"/bin/sh", "-c", "echo ran > " + directory.path("ran")};
  for (const Words& ours : {Words{"-c"}, Words{"-c", "--exec"}, Words{"-c", "--stdin=/dev/null"}}) {
    for (const Setup& setup : {Setup{}, closed}) {
      for (const std::string& file : files) {
        CAPTURE(joined(ours));
        CAPTURE(file);
        directory.write("old", "kept\n");
        const Finished finished = run(ours + Words{file, "--truncate"} + command, setup);
        CHECK(finished.exit_code == 125);
        CHECK(finished.first_error_line().rfind(
                  "tether: cannot make standard input the controlling terminal: ", 0) == 0);
        CHECK_FALSE(exists(directory.path("ran")));
        CHECK_FALSE(exists(directory.path("new")));
        CHECK(read_file(directory.path("old")) == "kept\n");
      }
    }
  }
  const Finished finished = run(Words{"-c"} + command);
  CHECK(finished.err ==
        "tether: cannot make standard input the controlling terminal: Inappropriate ioctl for "
        "device\ntether: hint: standard input must be a terminal\n");
}
