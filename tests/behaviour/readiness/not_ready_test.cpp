// --ready-timeout, and whatever else keeps a COMMAND from becoming ready.
#include <doctest/doctest.h>
#include <unistd.h>

#include <csignal>
#include <sstream>

#include "blocked_signal.hpp"
#include "readiness.hpp"

using namespace tether::test;

namespace {

// What a process has used itself, in seconds; a zombie too.
double cpu_time_of(pid_t pid) {
  const std::string stat = read_file("/proc/" + std::to_string(pid) + "/stat");
  std::istringstream fields(stat.substr(stat.rfind(')') + 2));
  std::string skipped;
  for (int field = 3; field < 14; ++field) fields >> skipped;
  long user = -1;
  long system = -1;
  REQUIRE((fields >> user >> system));
  return static_cast<double>(user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

}  // namespace

TEST_CASE("a COMMAND that ends before it is ready is a start that failed") {
  struct Row {
    Words command;
    int status;
    const char* manner;
  };
  const Row rows[] = {{probe("exit", {"7"}), 7, "exited with status 7"},
                      {probe("exit", {"0"}), 125, "exited with status 0"},
                      {probe("kill", {"9"}), 137, "was killed by SIGKILL"}};
  for (const Words& mode : ready_modes)
    for (const std::string how : {"--notify=fd:3", "--notify=socket"})
      for (const Row& row : rows) {
        CAPTURE(mode);
        CAPTURE(how);
        CAPTURE(row.command);
        const Finished finished = run(mode + Words{how, "--json"} + row.command);
        CHECK(finished.exit_code == row.status);
        CHECK(finished.first_error_line() ==
              "tether: '" + tool("probe") + "' " + row.manner + " before it was ready");
        REQUIRE(finished.records.size() == 3);
        CHECK(finished.records[1].at("record") == "error");
        CHECK(finished.records[1].at("stage") == "ready");
        CHECK(finished.records[1].at("exit_status") == row.status);
        CHECK(finished.records[2].at("record") == "exit");
        CHECK(finished.records[2].at("cause") == "command");
        CHECK(finished.records[2].at("exit_status") == row.status);
      }
}

KERNEL_TEST_CASE("a COMMAND that cannot be run is that and not one that was not ready") {
  for (const std::string how : {"--notify=fd:3", "--notify=socket"}) {
    const Finished finished = run({"-d", how, "--ready-timeout=20s", "--json", "/no/such"});
    CHECK(finished.exit_code == 127);
    CHECK(finished.records.size() == 1);
    CHECK(finished.record("error").at("stage") == "exec");
  }
}

TEST_CASE("a COMMAND that is not ready in time is ended") {
  for (const Words& mode : ready_modes)
    for (const std::string how : {"--notify=fd:3", "--notify=socket"}) {
      CAPTURE(mode);
      CAPTURE(how);
      const Finished finished =
          run(mode + Words{how, "--ready-timeout=100ms", "--json"} + probe("sleep"));
      CHECK(finished.exit_code == 124);
      CHECK(finished.first_error_line() ==
            "tether: '" + tool("probe") + "' was not ready in time, and was ended");
      const Json exit = finished.record("exit");
      CHECK(exit.at("cause") == "not-ready");
      CHECK(exit.at("signal") == "SIGTERM");
      CHECK(exit.at("escalated") == false);
      CHECK(exit.at("elapsed_s").get<double>() >= 0.1);
      CHECK(exit.at("exit_status") == 124);
      CHECK(finished.record("error").at("stage") == "ready");
      CHECK(finished.record("ready").is_null());
      CHECK(is_gone(exit.at("pid").get<pid_t>()));
    }
}

TEST_CASE("a COMMAND that is not ready and ignores the first signal is killed with its group") {
  for (const Words& mode : detach_modes) {
    CAPTURE(mode);
    const Services services;
    const Finished finished = run(mode +
                                  Words{"--notify=fd:3", "--ready-timeout=1s", "-k", "1s", "-s",
                                        "HUP", "--json", "--stdout=" + services.path("out")} +
                                  probe("fork"));
    CHECK(finished.exit_code == 124);
    const Json exit = finished.record("exit");
    CHECK(exit.at("cause") == "not-ready");
    CHECK(exit.at("signal") == "SIGKILL");
    CHECK(exit.at("escalated") == true);
    // By the second process of the group, which is not its leader.
    CHECK(read_file(services.path("out")).find("got 1\n") != std::string::npos);
    CHECK(OrphanCollector().all_are_gone());
  }
}

TEST_CASE("a COMMAND that is not ready is not killed when that is so asked") {
  Running running(Words{"--notify=fd:3", "--ready-timeout=50ms", "-k0", "--json"} + probe("catch"),
                  with_blocked(SIGTERM));
  running.expect_output("got 15");
  REQUIRE(::kill(running.child(), SIGUSR1) == 0);
  running.expect_output("got 10");
  REQUIRE(::kill(running.child(), SIGUSR2) == 0);
  const Finished finished = running.wait();
  CHECK(finished.exit_code == 124);
  CHECK(finished.record("exit").at("code") == "exited");
  CHECK(finished.record("exit").at("escalated") == false);
}

TEST_CASE("a COMMAND that closes its descriptor without a word is ended by who waits for it") {
  const std::string script = "exec 3>&-; exec " + tool("probe") + " sleep";
  for (const Words& mode : {Words{"-dq"}, Words{"-dq", "--status-file=/dev/null"},
                            Words{"-w", "--ready-timeout=20s"}}) {
    CAPTURE(mode);
    const Finished finished =
        run(mode + Words{"--notify=fd:3", "--json", "--", "/bin/sh", "-c", script});
    CHECK(finished.exit_code == 125);
    CHECK(finished.record("exit").at("cause") == "not-ready");
    CHECK(finished.record("error").at("stage") == "ready");
    CHECK(is_gone(finished.record("exit").at("pid").get<pid_t>()));
  }
}

KERNEL_TEST_CASE("a signal to the tether that waits goes on to COMMAND's group") {
  for (const Words& mode : detach_modes) {
    CAPTURE(mode);
    const Services services;
    const std::string out = services.path("out");
    Running running(mode + Words{"--notify=fd:3", "--json", "--stdout=" + out} + probe("fork"));
    REQUIRE(eventually([&] { return !read_file(out).empty(); }));
    const auto said = [&](const std::string& text) {
      return eventually([&] { return read_file(out).find(text) != std::string::npos; });
    };
    running.send(SIGUSR1);
    CHECK(said("got 10"));
    CHECK(is_alive(running.pid()));
    running.send(SIGTERM);
    CHECK(said("got 15"));
    running.send(SIGUSR2);
    const Finished finished = running.wait();
    // It left with 0, but was never ready.
    CHECK(finished.exit_code == 125);
    CHECK(finished.record("exit").at("cause") == "signal");
  }
}

TEST_CASE("a COMMAND that a passed signal ends before it is ready gives 128 and the signal") {
  for (const Words& mode : ready_modes) {
    CAPTURE(mode);
    const Services services;
    Running running(mode + Words{"--notify=socket", "--json"} + probe("sleep"));
    running.expect_output("\"start\"");
    running.send(SIGTERM);
    const Finished finished = running.wait();
    CHECK(finished.exit_code == 143);
    CHECK(finished.record("exit").at("cause") == "signal");
    CHECK(finished.record("error").at("exit_status") == 143);
  }
}

TEST_CASE("tether sleeps while a COMMAND that closed its descriptor takes its time to end") {
  // Asked to end after a second; the time to be ready is over long before it is killed.
  Running running({"-w", "--notify=fd:3", "--ready-timeout=2s", "-k", "2500ms", "--json", "--",
                   "/bin/sh", "-c", "exec 3>&-; exec " + tool("probe") + " catch"},
                  with_blocked(SIGTERM));
  running.expect_output("got 15");
  REQUIRE(eventually([&] { return state_of(running.pid()) == 'Z'; }));
  CHECK(cpu_time_of(running.pid()) < 0.3);
  const Finished finished = running.wait();
  CHECK(finished.exit_code == 125);
  CHECK(finished.record("exit").at("cause") == "not-ready");
  CHECK(finished.record("exit").at("escalated") == true);
}

KERNEL_TEST_CASE("a COMMAND that stops itself while it is being ended is killed all the same") {
  for (const Words& mode : {Words{"-w"}, Words{"-dq", "--status-file=/dev/null"}}) {
    CAPTURE(mode);
    Setup setup;
    // A job that a shell could continue, and that may stop with its child therefore.
    setup.before_exec = [] { (void)::setpgid(0, 0); };
    Running running(mode + Words{"--notify=fd:3", "--ready-timeout=500ms", "-k", "1s", "--json"} +
                        probe("stop"),
                    with_blocked(SIGTERM, setup));
    const pid_t child = running.child();
    REQUIRE(eventually([child] { return state_of(child) == 'T'; }));
    const Finished finished = running.wait();
    CHECK(finished.exit_code == 124);
    CHECK(finished.record("exit").at("signal") == "SIGKILL");
    CHECK(finished.record("exit").at("escalated") == true);
  }
}
