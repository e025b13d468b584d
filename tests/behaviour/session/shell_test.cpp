// Job control as users meet it: tether as a job of the interactive shells that are installed.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <termios.h>

#include <csignal>
#include <functional>
#include <string>

#include "interactive_shell.hpp"
#include "job_terminal.hpp"

using namespace tether::test;

namespace {

const Words kinds_of_child[] = {
    {},         {"--autoreap"},          {"--autokill", "--nnp"},          {"--setpgid"},
    {"--tree"}, {"--tree", "--setpgid"}, {"--tree", "--autokill", "--nnp"}};

std::string line_of(const Words& ours, const Words& command) {
  return joined(Words{tether_binary()} + ours + command);
}

// In every shell there is, with every kind of child.
void everywhere(
    const std::function<void(InteractiveShell&, const ShellKind&, const Words&)>& test) {
  for (const ShellKind& kind : shell_kinds()) {
    const auto path = path_of(kind);
    if (!path) {
      skip_this_case(std::string(kind.name) + " is not installed");
      continue;
    }
    for (const Words& ours : kinds_of_child) {
      CAPTURE(kind.name);
      CAPTURE(joined(ours));
      InteractiveShell shell(kind, *path);
      test(shell, kind, ours);
    }
  }
}

}  // namespace

KERNEL_TEST_CASE("in a shell Ctrl-Z stops tether and its child and fg and bg continue both") {
  everywhere([](InteractiveShell& shell, const ShellKind& kind, const Words& ours) {
    shell.enter(line_of(ours, probe("sleep")));
    shell.expect("ready");
    const auto job = shell.job();
    for (int round = 0; round < 2; ++round) {
      REQUIRE(shell.has_foreground(job.group()));
      shell.type(ctrl_z);
      REQUIRE(job.both_are('T'));
      shell.expect_prompt();
      // fish has another status for it, and its fg one of its own.
      if (kind.is_posix) shell.expect_status(128 + SIGTSTP);
      shell.enter("fg");
      CHECK(job.both_are('S'));
    }
    REQUIRE(shell.has_foreground(job.group()));
    shell.type(ctrl_z);
    REQUIRE(job.both_are('T'));
    shell.expect_prompt();
    shell.enter("bg");
    CHECK(job.both_are('S'));
    // busybox keeps a prompt to itself that it writes as SIGCHLD comes: what it says next has that
    // too.
    shell.enter("echo went' 'on");
    shell.expect("went on");
    shell.expect_prompt();
    // bash says nothing to a job that runs: then tether is told of what is typed, and passes it on.
    shell.enter("fg");
    shell.await_job_in_foreground();
    shell.type(ctrl_c);
    shell.expect_prompt();
    if (kind.is_posix) shell.expect_status(128 + SIGINT);
    CHECK_FALSE(state_of(job.child).has_value());
  });
}

TEST_CASE("in a shell Ctrl-C ends a loop together with the child") {
  everywhere([](InteractiveShell& shell, const ShellKind& kind, const Words& ours) {
    const std::string body = line_of(ours, probe("sleep"));
    for (const std::string& loop : {kind.for_ever(body), kind.thrice(body)}) {
      CAPTURE(loop);
      const std::size_t before = occurrences(shell.screen(), "ready");
      shell.enter(loop);
      shell.expect("ready");
      const auto job = shell.job();
      REQUIRE(shell.has_foreground(job.group()));
      shell.type(ctrl_c);
      shell.expect_prompt();
      shell.expect_status(128 + SIGINT);
      // There was no second round.
      CHECK(occurrences(shell.screen(), "ready") == before + 1);
      CHECK(children_of(shell.pid()).empty());
    }
  });
}

TEST_CASE("in a shell a background job that reads stops and goes on in the foreground") {
  everywhere([](InteractiveShell& shell, const ShellKind&, const Words& ours) {
    shell.enter(line_of(ours, probe("input")) + " &");
    shell.expect("ready");
    const auto job = shell.job();
    REQUIRE(job.both_are('T'));
    shell.enter("fg");
    REQUIRE(shell.has_foreground(job.group()));
    CHECK(job.both_are('S'));
    shell.type(ctrl_d);
    shell.expect_prompt();
    shell.expect_status(0);
  });
}

TEST_CASE("in a shell a background job that may not write stops and goes on in the foreground") {
  TemporaryDirectory directory;
  const std::string fifo = directory.path("fifo");
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  everywhere([&fifo](InteractiveShell& shell, const ShellKind&, const Words& ours) {
    const tether::UniqueFd starter(::open(fifo.c_str(), O_RDWR | O_CLOEXEC));
    shell.enter(line_of(ours, {"/bin/sh", "-c", "'read x <" + fifo + "; echo writ\"\"ten'"}) +
                " &");
    shell.expect_prompt();
    const auto job = shell.job();
    REQUIRE(job.both_are('S'));
    // As stty tostop does; what is typed would have fish put its own idea of it back.
    termios modes{};
    REQUIRE(::tcgetattr(shell.terminal(), &modes) == 0);
    modes.c_lflag |= TOSTOP;
    REQUIRE(::tcsetattr(shell.terminal(), TCSANOW, &modes) == 0);
    REQUIRE(::write(starter.get(), "\n", 1) == 1);
    REQUIRE(job.both_are('T'));
    CHECK(shell.screen().find("written") == std::string::npos);
    shell.enter("fg");
    shell.expect("written");
    shell.expect_prompt();
    shell.expect_status(0);
  });
}

TEST_CASE("in a shell a job that ran in the background has the terminal to read after fg") {
  TemporaryDirectory directory;
  const std::string fifo = directory.path("fifo");
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  everywhere([&fifo](InteractiveShell& shell, const ShellKind&, const Words& ours) {
    const tether::UniqueFd starter(::open(fifo.c_str(), O_RDWR | O_CLOEXEC));
    shell.enter(
        line_of(ours, {"/bin/sh", "-c", "'read x <" + fifo + "; read y; echo \"got $y\"'"}) + " &");
    shell.expect_prompt();
    const auto job = shell.job();
    REQUIRE(job.both_are('S'));
    shell.enter("fg");
    shell.await_job_in_foreground();
    REQUIRE(::write(starter.get(), "\n", 1) == 1);
    shell.type_line("words");
    shell.expect("got words");
    shell.expect_prompt();
    shell.expect_status(0);
  });
}

TEST_CASE("in a shell a script with a loop ends by Ctrl-C and stops by Ctrl-Z") {
  everywhere([](InteractiveShell& shell, const ShellKind& kind, const Words& ours) {
    const std::string loop = kind.for_ever(line_of(ours, probe("sleep")));
    shell.enter(joined(Words{*path_of(kind)} + kind.applet + Words{"-c", "'" + loop + "'"}));
    shell.expect("ready");
    REQUIRE(eventually([&] { return children_of(shell.pid()).size() == 1; }));
    const pid_t script = children_of(shell.pid())[0];
    shell.await_job_in_foreground();
    REQUIRE(eventually([&] { return children_of(script).size() == 1; }));
    const pid_t tether = children_of(script)[0];
    shell.type(ctrl_z);
    // tether stops once COMMAND has.
    REQUIRE(eventually([&] { return state_of(script) == 'T' && state_of(tether) == 'T'; }));
    shell.expect_prompt();
    shell.enter("fg");
    REQUIRE(eventually([&] { return state_of(script) == 'S' && state_of(tether) == 'S'; }));
    shell.await_job_in_foreground();
    shell.type(ctrl_c);
    shell.expect_prompt();
    if (kind.is_posix) shell.expect_status(128 + SIGINT);
    CHECK(occurrences(shell.screen(), "ready") == 1);
  });
}

TEST_CASE("in a shell the status of a job is the child's") {
  everywhere([](InteractiveShell& shell, const ShellKind&, const Words& ours) {
    shell.enter(line_of(ours, probe("exit", {"7"})));
    shell.expect_prompt();
    shell.expect_status(7);
    shell.enter(line_of(ours, probe("kill", {"15"})));
    shell.expect_prompt();
    shell.expect_status(143);
  });
}
