// --block-fd: the child is there, and COMMAND does not run before it may.
#include "gate.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <csignal>

using namespace tether::test;

TEST_CASE("nothing of COMMAND runs before a byte comes or the descriptor ends") {
  for (const Words& mode : gate_modes)
    for (const bool by_byte : {true, false}) {
      CAPTURE(mode);
      CAPTURE(by_byte);
      const Services services;
      Gate gate;
      Running running(mode + Words{"--block-fd=9", "--json"} + make_file(services), gate.setup());
      running.expect_output("\n");
      const Json spawned = running.record("spawned");
      REQUIRE(spawned.is_object());
      const auto pid = spawned.at("pid").get<pid_t>();
      CHECK(is_alive(pid));
      // It is tether's own image yet.
      CHECK(status_of(pid, "Name") == "tether");
      CHECK(running.record("start").is_null());
      CHECK_FALSE(exists(services.path("made")));
      if (by_byte) {
        gate.open_by_byte();
      } else {
        gate.open_by_end();
      }
      const Finished finished = running.wait();
      CHECK(finished.exit_code == 0);
      CHECK(finished.record("start").at("pid") == pid);
      CHECK(finished.record("start").at("guarantees") == spawned.at("guarantees"));
      CHECK(has_line(services.path("made"), std::to_string(pid)));
      CHECK(gate.has_byte() == by_byte);
    }
}

TEST_CASE("the gate is open where there is nothing to wait for") {
  for (const char* path : {"/dev/null", "/proc/self/exe"}) {
    Setup setup;
    setup.before_exec = [path] { (void)::dup2(::open(path, O_RDONLY), 9); };
    const Finished finished = run(Words{"--block-fd=9", "--json"} + probe("exit", {"3"}), setup);
    CHECK(finished.exit_code == 3);
    REQUIRE(finished.records.size() == 3);
    CHECK(finished.records[0].at("record") == "spawned");
    CHECK(finished.records[1].at("record") == "start");
    CHECK(finished.records[2].at("record") == "exit");
  }
}

KERNEL_TEST_CASE("the status file tells what is held at the gate and then what has started") {
  for (const Words& mode : {Words{}, Words{"-dq"}}) {
    CAPTURE(mode);
    const Services services;
    const std::string status = services.path("status");
    const auto records = [&] { return parse_records(read_file(status)); };
    Gate gate;
    Running running(mode + Words{"--block-fd=9", "--status-file=" + status} + probe("sleep"),
                    gate.setup());
    REQUIRE(eventually([&] { return exists(status); }));
    REQUIRE(records().size() == 1);
    CHECK(records()[0].at("record") == "spawned");
    const auto pid = records()[0].at("pid").get<pid_t>();
    gate.open_by_byte();
    REQUIRE(eventually([&] { return records().back().at("record") == "start"; }));
    CHECK(records().back().at("pid") == pid);
    REQUIRE(eventually([&] { return status_of(pid, "Name") == "probe"; }));
    REQUIRE(::kill(pid, SIGTERM) == 0);
    CHECK(eventually([&] { return records().back().at("record") == "exit"; }));
    CHECK(running.wait().exit_code == (mode.empty() ? 143 : 0));
  }
}

KERNEL_TEST_CASE("a status descriptor gets the spawned record at the gate") {
  const Services services;
  Gate gate;
  Setup setup = gate.setup();
  const std::string status = services.path("status");
  setup.before_exec = [before = setup.before_exec, status] {
    before();
    (void)::dup2(::open(status.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644), 7);
  };
  Running running(Words{"-dq", "--block-fd=9", "--status-fd=7"} + probe("exit", {"4"}), setup);
  REQUIRE(eventually([&] { return !read_file(status).empty(); }));
  CHECK(parse_records(read_file(status)).at(0).at("record") == "spawned");
  gate.open_by_end();
  CHECK(running.wait().exit_code == 0);
  REQUIRE(eventually([&] { return parse_records(read_file(status)).size() == 3; }));
  CHECK(parse_records(read_file(status)).at(2).at("status") == 4);
}

TEST_CASE("the pidfile is there at the gate and nobody else can start by it") {
  for (const Words& mode : gate_modes) {
    CAPTURE(mode);
    const Services services;
    Gate gate;
    Running running(mode + Words{"--block-fd=9", "--json"} + services.by_pidfile() + probe("sleep"),
                    gate.setup());
    running.expect_output("spawned");
    const std::string pid = running.record("spawned").at("pid").dump();
    CHECK(services.content() == pid + "\n");
    CHECK(services.start_again().first_error_line() ==
          "tether: already running as process " + pid + ": '" + services.path() + "'");
    gate.open_by_byte();
    running.expect_output("\"start\"");
    CHECK(services.content() == pid + "\n");
    CHECK(run(Words{"--stop"} + services.by_pidfile()).exit_code == 0);
  }
}

TEST_CASE("what comes on standard input as the gate is left to COMMAND") {
  Running running({"--block-fd=0", "--json", "--", "/bin/sh", "-c", "read word; echo got $word"});
  running.expect_output("spawned");
  running.write_input("everything\n");
  running.expect_output("got everything");
  CHECK(running.wait().exit_code == 0);
}

KERNEL_TEST_CASE("a detached COMMAND that keeps its input gets what opened the gate") {
  const Services services;
  Running running({"-dq", "--block-fd=0", "--keep-fd=0", "--stdout=" + services.path("out"), "--",
                   "/bin/sh", "-c", "read word; echo got $word"});
  running.write_input("everything\n");
  CHECK(running.wait().exit_code == 0);
  CHECK(has_line(services.path("out"), "got everything"));
}

TEST_CASE("COMMAND does not get the gate") {
  Gate gate;
  gate.open_by_end();
  const Finished finished = run(Words{"--block-fd=9"} + probe("fds"), gate.setup());
  CHECK(finished.out == "0 1 2 \n");
}

TEST_CASE("a gate that is not open is an error before anything happens") {
  const Services services;
  for (const Words& mode : gate_modes) {
    CAPTURE(mode);
    const Finished finished = run(mode + Words{"--block-fd=9", "--stdout=" + services.path("out")} +
                                  services.by_pidfile() + make_file(services));
    CHECK(finished.exit_code == 125);
    CHECK(finished.first_error_line() == "tether: --block-fd=9: Bad file descriptor");
    CHECK(services.is_clean());
    CHECK_FALSE(exists(services.path("out")));
    CHECK_FALSE(exists(services.path("made")));
  }
}

KERNEL_TEST_CASE("a command that cannot be run is found out at the gate or behind it") {
  Gate gate;
  gate.open_by_end();
  const Services services;
  const Finished finished =
      run(Words{"-dq", "--block-fd=9", "--json"} + services.by_pidfile() + Words{"/no/such"},
          gate.setup());
  CHECK(finished.exit_code == 127);
  CHECK(finished.record("start").is_null());
  CHECK(services.is_clean());
}
