// The process between tether and COMMAND under --tree, when something happens to it.
#include <doctest/doctest.h>
#include <unistd.h>

#include <csignal>
#include <string>

#include "services.hpp"
#include "tree.hpp"

using namespace tether::test;

KERNEL_TEST_CASE("a warden that was stopped does not hold an ending up") {
  const pid_t owner = fork_bystander();
  Running running({"--tree", "--json", "--die-with-pid=" + std::to_string(owner), "-k", "50ms",
                   "--", tool("probe"), "sleep"});
  running.expect_output("ready\n");
  running.expect_output("supervisor_pid");
  REQUIRE(::kill(warden_of(running.child()), SIGSTOP) == 0);
  kill_and_reap(owner);
  const Finished done = running.wait();
  CHECK(done.exit_code == 143);
  CHECK(done.record("exit").at("cause") == "pid");
}

KERNEL_TEST_CASE("children that tether had before it was tether are not of the tree") {
  const Services services;
  Setup setup;
  setup.before_exec = [&services] {
    const pid_t stranger = ::fork();
    if (stranger == 0) {
      (void)::execl(tool("probe").c_str(), "probe", "sleep", nullptr);
      ::_exit(1);
    }
    services.write("stranger", std::to_string(stranger));
  };
  Running running({"--tree", "--json", "--", tool("probe"), "exit", "0"}, setup);
  const Finished plain = running.wait();
  const pid_t first = std::stoi(read_file(services.path("stranger")));
  CHECK(plain.record("exit").at("leftover") == 0);
  CHECK(is_alive(first));
  // Also when the tree is left to tether itself.
  Running killed({"--tree", "--json", "--", tool("probe"), "sleep"}, setup);
  killed.expect_output("supervisor_pid");
  const pid_t second = std::stoi(read_file(services.path("stranger")));
  REQUIRE(::kill(warden_of(killed.child()), SIGKILL) == 0);
  const Finished done = killed.wait();
  CHECK(done.exit_code == 128 + SIGKILL);
  CHECK(done.record("exit").at("survivors") == 0);
  CHECK(is_alive(second));
}

KERNEL_TEST_CASE("a COMMAND that kills its warden ends, and is told of") {
  for (int round = 0; round < 20; ++round) {
    const Finished done = run({"--tree", "--json", "--", "/bin/sh", "-c",
                               "kill -9 $PPID; exec " + tool("probe") + " sleep"});
    CHECK(done.exit_code == 128 + SIGKILL);
    CHECK(done.record("exit").at("cause") == "holder");
  }
}

KERNEL_TEST_CASE("a COMMAND that ends while it is being ended keeps its status and its usage") {
  for (int round = 0; round < rounds(50); ++round) {
    Running running({"--tree", "--json", "--", tool("probe"), "term", "7"});
    running.expect_output("ready\n");
    running.expect_output("supervisor_pid");
    running.send(SIGTERM);
    running.send(SIGCONT);
    const Finished done = running.wait();
    CHECK(done.exit_code == 7);
    const Json exit = done.record("exit");
    CHECK(exit.at("usage_from") == "wait");
    CHECK(exit.at("escalated") == false);
  }
}
