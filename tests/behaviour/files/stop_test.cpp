// --stop: how a service is ended, and waited for until it is gone.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>

#include "services.hpp"

using namespace tether::test;

namespace {

// A service that has a say in its end: it writes what it does to "out".
pid_t start_talking(const Services& services, const Words& command) {
  const pid_t pid = services.start(Words{"--stdout=" + services.path("out")} + command);
  REQUIRE(eventually([&] { return !read_file(services.path("out")).empty(); }));
  return pid;
}

bool says(const Services& services, const std::string& text) {
  return eventually(
      [&] { return read_file(services.path("out")).find(text) != std::string::npos; });
}

}  // namespace

KERNEL_TEST_CASE("a service is ended and its files are removed") {
  const Services services;
  for (const Words& mode :
       {Words{}, Words{"--status-file=" + services.path("status")}, Words{"--nnp", "--autokill"}}) {
    CAPTURE(mode);
    const pid_t child = services.start(mode + probe("sleep"));
    const Finished stopped = services.stop();
    CHECK(stopped.exit_code == 0);
    CHECK(stopped.out.empty());
    CHECK(stopped.err.empty());
    CHECK_FALSE(is_alive(child));
    CHECK(is_gone(child));
    CHECK(services.is_clean());
  }
}

TEST_CASE("a service gets TERM and has its time to end") {
  const Services services;
  const std::string fifo = services.path("fifo");
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  const tether::UniqueFd held(::open(fifo.c_str(), O_RDWR | O_CLOEXEC));
  const pid_t child = start_talking(
      services, {"--", "/bin/sh", "-c",
                 "trap 'echo asked; read x < " + fifo +
                     "; echo done; exit 0' TERM; echo ready; while :; do sleep 0.02; done"});
  Running stopping(Words{"--stop", "-k0"} + services.by_pidfile());
  REQUIRE(says(services, "asked"));
  // It waits until the service is gone, not until it was asked.
  CHECK(is_alive(stopping.pid()));
  CHECK(state_of(child).has_value());
  CHECK(exists(services.path()));
  REQUIRE(::write(held.get(), "\n", 1) == 1);
  CHECK(stopping.wait().exit_code == 0);
  CHECK(says(services, "done"));
  CHECK_FALSE(is_alive(child));
  CHECK(services.is_clean());
}

TEST_CASE("a service that ignores TERM is killed after a time") {
  const Services services;
  const pid_t child = start_talking(services, probe("catch"));
  const Finished stopped = services.stop({"-k", "1s", "-v"});
  CHECK(stopped.exit_code == 0);
  CHECK(is_gone(child));
  CHECK(says(services, "got 15"));
  CHECK(services.is_clean());
}

TEST_CASE("a service that ignores TERM is never killed when that is so asked") {
  for (const std::string kill_after : {"0", "inf", "0.0s", "200000d"}) {
    CAPTURE(kill_after);
    const Services services;
    const pid_t child = start_talking(services, probe("catch"));
    Running stopping(Words{"--stop", "-k", kill_after} + services.by_pidfile());
    CHECK(eventually([&] {
      return !is_alive(child) ||
             read_file(services.path("out")).find("got 15") != std::string::npos;
    }));
    // It waits now: for the end of that time or, were it over, for the end of a killed service.
    CHECK(eventually([&] { return state_of(stopping.pid()).value_or('Z') != 'R'; }));
    (void)::kill(child, SIGUSR1);
    CHECK(eventually([&] {
      return !is_alive(child) ||
             read_file(services.path("out")).find("got 10") != std::string::npos;
    }));
    CHECK(is_alive(child));
    CHECK(is_alive(stopping.pid()));
    if (is_alive(child)) (void)::kill(child, SIGKILL);
    CHECK(stopping.wait().exit_code == 0);
    CHECK(services.is_clean());
    CHECK(is_gone(child));
  }
}

TEST_CASE("a service gets the signal that is named") {
  const Services services;
  const pid_t child = start_talking(services, probe("catch"));
  CHECK(services.stop({"-s", "USR2"}).exit_code == 0);
  CHECK(says(services, "got 12"));
  CHECK(read_file(services.path("out")).find("got 15") == std::string::npos);
  CHECK(is_gone(child));
  (void)services.start(probe("catch"));
  CHECK(services.stop({"--signal=9", "-k0"}).exit_code == 0);
  CHECK(services.is_clean());
}

TEST_CASE("a service that is stopped acts on TERM") {
  const Services services;
  const pid_t child = services.start();
  REQUIRE(::kill(child, SIGSTOP) == 0);
  REQUIRE(eventually([child] { return state_of(child) == 'T'; }));
  CHECK(services.stop({"-k0"}).exit_code == 0);
  CHECK(is_gone(child));
}

TEST_CASE("where nothing is running that is said, unless with -q") {
  const Services services;
  const std::string message = "tether: nothing is running for pidfile '" + services.path() + "'\n";
  const auto check_nothing = [&] {
    Finished stopped = services.stop();
    CHECK(stopped.exit_code == 1);
    CHECK(stopped.err == message);
    stopped = services.stop({"-q"});
    CHECK(stopped.exit_code == 1);
    CHECK(stopped.err.empty());
  };
  check_nothing();
  CHECK(services.is_clean());
  kill_and_reap(services.start());
  check_nothing();
  services.write("pid", "garbage\n");
  check_nothing();
  services.write("pid", "");
  services.write("pid.tether", "");
  check_nothing();
}

TEST_CASE("a second stop finds nothing running") {
  const Services services;
  const pid_t child = services.start();
  CHECK(services.stop().exit_code == 0);
  CHECK(services.stop().exit_code == 1);
  CHECK(is_gone(child));
}

TEST_CASE("two stops at once both wait and both are content") {
  const Services services;
  const pid_t child = start_talking(services, probe("catch"));
  Running one(Words{"--stop", "-k0"} + services.by_pidfile());
  Running other(Words{"--stop", "-k0", "-s", "HUP"} + services.by_pidfile());
  CHECK(says(services, "got 15"));
  CHECK(says(services, "got 1\n"));
  REQUIRE(::kill(child, SIGKILL) == 0);
  CHECK(one.wait().exit_code == 0);
  CHECK(other.wait().exit_code == 0);
  CHECK(services.is_clean());
  CHECK(is_gone(child));
}

TEST_CASE("a stop against a restart ends the old service and never the new one") {
  const Services services;
  const pid_t bystander = fork_bystander();
  for (int round = 0; round < 12; ++round) {
    CAPTURE(round);
    const pid_t old = services.start();
    Running stopping(Words{"--stop"} + services.by_pidfile());
    Running starting(Words{"-dq"} + services.by_pidfile() + probe("sleep"));
    const int stopped = stopping.wait().exit_code;
    const int started = starting.wait().exit_code;
    CHECK(stopped == 0);
    CHECK(is_gone(old));
    CHECK((started == 0 || started == 125));
    if (started != 0) continue;
    const pid_t fresh = std::stoi(services.content());
    CHECK(fresh != old);
    CHECK(is_alive(fresh));
    CHECK(services.stop().exit_code == 0);
    CHECK(is_gone(fresh));
  }
  CHECK(is_alive(bystander));
}

TEST_CASE("a service in wait mode ends as by any signal, and so does its tether") {
  const Services services;
  Running running(services.by_pidfile() + probe("sleep"));
  running.expect_output("ready");
  CHECK(services.stop().exit_code == 0);
  CHECK(running.wait().exit_code == 143);
  CHECK(services.is_clean());
}
