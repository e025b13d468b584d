// --block-fd: what comes while the child waits.
#include <doctest/doctest.h>
#include <unistd.h>

#include <csignal>

#include "detached.hpp"
#include "gate.hpp"

using namespace tether::test;

TEST_CASE("a request to end that comes before the gate opens gives the start up") {
  for (const Words& mode : gate_modes)
    for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGQUIT}) {
      CAPTURE(mode);
      CAPTURE(signal);
      const Services services;
      Gate gate;
      Running running(mode + Words{"--block-fd=9", "--json", "--stdout=" + services.path("out")} +
                          services.by_pidfile() + make_file(services),
                      gate.setup());
      running.expect_output("spawned");
      const auto pid = running.record("spawned").at("pid").get<pid_t>();
      running.send(signal);
      const Finished finished = running.wait();
      // A shell that runs a loop looks at how tether ends.
      if (signal == SIGINT || signal == SIGQUIT) {
        CHECK(finished.signal == signal);
      } else {
        CHECK(finished.exit_code == 128 + signal);
      }
      CHECK(finished.record("error").at("stage") == "gate");
      CHECK(finished.record("error").at("exit_status") == 128 + signal);
      CHECK(finished.record("start").is_null());
      CHECK(is_gone(pid));
      CHECK(services.is_clean());
      CHECK_FALSE(exists(services.path("out")));
      CHECK_FALSE(exists(services.path("made")));
    }
}

TEST_CASE("another signal does not open the gate and reaches COMMAND when that runs") {
  Gate gate;
  Running running(Words{"--block-fd=9", "--json"} + probe("exit", {"6"}), gate.setup());
  running.expect_output("spawned");
  running.send(SIGUSR1);
  running.send(SIGWINCH);
  REQUIRE(eventually([&] { return status_of(running.pid(), "ShdPnd") == "0000000000000000"; }));
  CHECK(running.record("start").is_null());
  gate.open_by_byte();
  CHECK(running.wait().exit_code == 128 + SIGUSR1);
}

TEST_CASE("a child that is killed at the gate is a start that failed") {
  for (const Words& mode : gate_modes) {
    CAPTURE(mode);
    const Services services;
    Gate gate;
    Running running(
        mode + Words{"--block-fd=9", "--json"} + services.by_pidfile() + make_file(services),
        gate.setup());
    running.expect_output("spawned");
    REQUIRE(::kill(running.record("spawned").at("pid").get<pid_t>(), SIGKILL) == 0);
    const Finished finished = running.wait();
    CHECK(finished.exit_code >= 125);
    CHECK(finished.record("error").at("exit_status") == finished.exit_code);
    CHECK(finished.record("start").is_null());
    CHECK(services.is_clean());
    CHECK_FALSE(exists(services.path("made")));
  }
}

KERNEL_TEST_CASE("a tether that is killed at the gate takes the child with it") {
  for (const Words& mode : {Words{}, Words{"-dq"}, Words{"--nnp", "--autokill"}}) {
    CAPTURE(mode);
    const Services services;
    Gate gate;
    Running running(mode + Words{"--block-fd=9", "--json"} + make_file(services), gate.setup());
    running.expect_output("spawned");
    const auto pid = running.record("spawned").at("pid").get<pid_t>();
    running.send(SIGKILL);
    CHECK(running.wait().signal == SIGKILL);
    CHECK(is_gone(pid));
    CHECK_FALSE(exists(services.path("made")));
  }
}

KERNEL_TEST_CASE("what is sent to the tether that waits at the gate reaches COMMAND once") {
  for (const Words& mode : {Words{"-w"}, Words{"-dq"}, Words{"-dq", "--status-file=/dev/null"}}) {
    CAPTURE(mode);
    const Services services;
    const std::string out = services.path("out");
    Gate gate;
    Setup setup = gate.setup();
    // So that COMMAND finds what came before it.
    setup.before_exec = [before = setup.before_exec] {
      before();
      sigset_t blocked;
      (void)::sigemptyset(&blocked);
      for (const int signal : {SIGUSR1, 40}) (void)::sigaddset(&blocked, signal);
      (void)::sigprocmask(SIG_SETMASK, &blocked, nullptr);
    };
    Running running(mode + Words{"--block-fd=9", "--json", "--stdout=" + out} + probe("catch"),
                    setup);
    running.expect_output("spawned");
    const auto child = running.record("spawned").at("pid").get<pid_t>();
    running.send(SIGUSR1);
    running.send(40);
    REQUIRE(eventually([&] { return status_of(running.pid(), "ShdPnd") == "0000000000000000"; }));
    gate.open_by_byte();
    const auto said = [&](const std::string& text) {
      return eventually([&] { return read_file(out).find(text) != std::string::npos; });
    };
    REQUIRE(said("got 40\n"));
    // By the same way, and so behind all that came before.
    const pid_t way = mode[0] == "-w" ? running.pid() : mode.size() > 1 ? parent_of(child) : child;
    REQUIRE((way > 1 && way != ::getpid()));
    REQUIRE(::kill(way, 41) == 0);
    REQUIRE(said("got 41\n"));
    REQUIRE(::kill(way, SIGUSR2) == 0);
    CHECK(running.wait().exit_code == 0);
    CHECK(said("got 12\n"));
    CHECK(read_file(out) == "ready\ngot 10\ngot 40\ngot 41\ngot 12\n");
  }
}

TEST_CASE("a tie that is up while the gate is closed ends the start") {
  for (const Words& mode : gate_modes) {
    CAPTURE(mode);
    const Services services;
    Gate gate;
    const Words held = mode + Words{"--block-fd=9"};
    const Finished late =
        run(held + Words{"--timeout=100ms"} + services.by_pidfile() + make_file(services),
            gate.setup());
    CHECK(late.exit_code == 124);
    CHECK(late.err == "tether: the time limit expired before --block-fd let '/bin/sh' run\n");
    CHECK(
        run(held + Words{"--timeout=1ms", "--preserve-status"} + make_file(services), gate.setup())
            .exit_code == 143);

    Running leader({"--print-pid", "sleep", "30"});
    const pid_t pid = leader.child();
    Running running(
        held + Words{"--die-with-pid=" + std::to_string(pid), "--json"} + make_file(services),
        gate.setup());
    running.expect_output("spawned");
    REQUIRE(::kill(pid, SIGKILL) == 0);
    const Finished gone = running.wait();
    CHECK(gone.exit_code == 143);
    CHECK(gone.record("error").at("exit_status") == 143);
    CHECK(gone.first_error_line() ==
          "tether: a process of --die-with-pid died before --block-fd let '/bin/sh' "
          "run");
    CHECK(services.is_clean());
    CHECK_FALSE(exists(services.path("made")));
  }
}

TEST_CASE("a hang-up while the gate is closed ends the start") {
  Gate gate;
  Running running({"--block-fd=9", "--die-on-eof=0", "--json", "true"}, gate.setup());
  running.expect_output("spawned");
  running.close_input();
  const Finished finished = running.wait();
  CHECK(finished.exit_code == 143);
  CHECK(finished.first_error_line() ==
        "tether: --die-on-eof was at end of file before --block-fd let 'true' run");
}

TEST_CASE("the time at the gate is part of the time that COMMAND has") {
  Gate gate;
  Running running(Words{"--block-fd=9", "--timeout=1s", "--json"} + probe("sleep"), gate.setup());
  running.expect_output("spawned");
  gate.open_by_byte();
  const Finished finished = running.wait();
  CHECK(finished.exit_code == 124);
  CHECK(finished.record("exit").at("cause") == "timeout");
}
