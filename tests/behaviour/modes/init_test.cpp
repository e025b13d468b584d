// tether as PID 1: it reaps what it inherits, passes signals on and exits with COMMAND's status.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <string>

#include "first_process.hpp"

using namespace tether::test;

namespace {

const Words kinds_of_child[] = {
    {}, {"--autoreap"}, {"--setsid"}, {"--setpgid"}, {"--autokill", "--nnp"}};

void ignore_children() {
  (void)::signal(SIGCHLD, SIG_IGN);
}

// One that has ended and was not waited for.
void leave_zombie() {
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(3);
  siginfo_t info{};
  (void)::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT);
}

// COMMAND, and the process that stands by an emulated autokill.
bool has_living_children_only(pid_t init) {
  for (const pid_t child : children_of(init))
    if (state_of(child).value_or('Z') == 'Z') return false;
  return true;
}

bool has_one_child(pid_t init) {
  return eventually([init] { return children_of(init).size() == 1; });
}

}  // namespace

KERNEL_TEST_CASE("PID 1 exits with the status of COMMAND however that ended") {
  SKIP_UNLESS(can_unshare_pids(), "no PID namespace can be had here");
  for (const Words& ours : kinds_of_child) {
    CAPTURE(joined(ours));
    for (const int status : {0, 7, 255})
      CHECK(run(ours + probe("exit", {std::to_string(status)}), first_process()).exit_code ==
            status);
    // None of these ends PID 1 itself, which cannot die of them.
    for (const int signal : {SIGTERM, SIGKILL, SIGINT, SIGQUIT, SIGUSR1, 64}) {
      CAPTURE(signal);
      const Finished finished =
          run(ours + Words{"--json"} + probe("kill", {std::to_string(signal)}), first_process());
      CHECK(finished.exit_code == 128 + signal);
      CHECK(finished.record("exit").at("cause") == "command");
    }
  }
  CHECK(run({"/no/such"}, first_process()).exit_code == 127);
}

KERNEL_TEST_CASE("PID 1 passes on every signal that comes from outside its namespace") {
  SKIP_UNLESS(can_unshare_pids(), "no PID namespace can be had here");
  for (const Words& ours : kinds_of_child) {
    CAPTURE(joined(ours));
    Running running(ours + probe("catch"), first_process());
    running.expect_output("ready");
    const pid_t init = init_of(running);
    std::string expected = "ready\n";
    for (int signal = 1; signal <= 64; ++signal) {
      if (signal == SIGKILL || signal == SIGSTOP || signal == SIGUSR2 || signal == SIGCHLD)
        continue;
      REQUIRE(::kill(init, signal) == 0);
      expected += "got " + std::to_string(signal) + "\n";
      running.expect_output(expected);
    }
    REQUIRE(::kill(init, SIGUSR2) == 0);
    CHECK(running.wait().out == expected + "got 12\n");
  }
}

KERNEL_TEST_CASE("PID 1 passes on what COMMAND sends to its parent and is ended by none of it") {
  SKIP_UNLESS(can_unshare_pids(), "no PID namespace can be had here");
  const std::string script =
      "trap 'echo $PPID; exit 5' TERM; kill -KILL $PPID; kill -TERM $PPID; while :; do :; done";
  const Finished finished = run({"/bin/sh", "-c", script}, first_process());
  CHECK(finished.out == "1\n");
  CHECK(finished.exit_code == 5);
}

KERNEL_TEST_CASE("a request to end that PID 1 gets ends COMMAND and with it the namespace") {
  SKIP_UNLESS(can_unshare_pids(), "no PID namespace can be had here");
  for (const int signal : {SIGTERM, SIGINT}) {
    Running running(Words{"--json"} + probe("sleep"), first_process());
    running.expect_output("ready");
    REQUIRE(::kill(init_of(running), signal) == 0);
    const Finished finished = running.wait();
    CHECK(finished.exit_code == 128 + signal);
    CHECK(finished.record("exit").at("cause") == "signal");
  }
  Running running(Words{"--rewrite=TERM:QUIT"} + probe("sleep"), first_process());
  running.expect_output("ready");
  REQUIRE(::kill(init_of(running), SIGTERM) == 0);
  CHECK(running.wait().exit_code == 128 + SIGQUIT);
}

KERNEL_TEST_CASE("no orphan stays a zombie while COMMAND runs") {
  SKIP_UNLESS(can_unshare_pids(), "no PID namespace can be had here");
  for (const Words& ours : {Words{}, Words{"--autoreap"}, Words{"--setsid"}}) {
    for (const bool ignored : {false, true}) {
      CAPTURE(joined(ours));
      CAPTURE(ignored);
      Running running(ours + Words{"--json"} + probe("orphans", {std::to_string(rounds(100))}),
                      first_process(ignored ? ignore_children : nullptr));
      running.expect_output("ready\n");
      const pid_t init = init_of(running);
      CHECK(has_one_child(init));
      REQUIRE(::kill(init, SIGTERM) == 0);
      CHECK(running.wait().exit_code == 143);
    }
  }
}

KERNEL_TEST_CASE("an emulated or real autokill leaves no zombies either") {
  SKIP_UNLESS(can_unshare_pids(), "no PID namespace can be had here");
  Running running(Words{"--autokill", "--nnp"} + probe("orphans", {std::to_string(rounds(100))}),
                  first_process());
  running.expect_output("ready\n");
  const pid_t init = init_of(running);
  CHECK(eventually([init] { return has_living_children_only(init); }));
  REQUIRE(::kill(init, SIGTERM) == 0);
  CHECK(running.wait().exit_code == 143);
}

KERNEL_TEST_CASE("among many orphans the status of COMMAND is not lost") {
  SKIP_UNLESS(can_unshare_pids(), "no PID namespace can be had here");
  for (const Words& ours : {Words{}, Words{"--autoreap"}})
    for (const bool ignored : {false, true})
      for (int status = 1; status < 6; ++status) {
        CAPTURE(joined(ours));
        CAPTURE(ignored);
        const Finished finished =
            run(ours + Words{"--json"} +
                    probe("orphans", {std::to_string(rounds(25)), std::to_string(status)}),
                first_process(ignored ? ignore_children : nullptr));
        CHECK(finished.exit_code == status);
        CHECK(finished.record("exit").at("cause") == "command");
      }
}

KERNEL_TEST_CASE("what PID 1 was before it became tether leaves no zombie to it") {
  SKIP_UNLESS(can_unshare_pids(), "no PID namespace can be had here");
  Running running(probe("sleep"), first_process([] {
                    leave_zombie();
                    leave_zombie();
                  }));
  running.expect_output("ready");
  CHECK(has_one_child(init_of(running)));
}

TEST_CASE("PID 1 that waits for a FIFO ends when it is asked to") {
  SKIP_UNLESS(can_unshare_pids(), "no PID namespace can be had here");
  for (const char* option : {"--stdin=", "--log=", "--status-file="}) {
    CAPTURE(option);
    TemporaryDirectory directory;
    const std::string fifo = directory.path("fifo");
    REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
    Running running(Words{option + fifo} + probe("sleep"), first_process());
    const pid_t init = init_of(running);
    const auto catches_term = [init] {
      const std::string caught = status_of(init, "SigCgt");
      return !caught.empty() && (std::stoull(caught, nullptr, 16) >> (SIGTERM - 1) & 1) != 0;
    };
    REQUIRE(eventually(catches_term));
    REQUIRE(::kill(init, SIGTERM) == 0);
    CHECK(running.wait().exit_code == 143);
  }
}
