// --status-fd and --json: records to a descriptor, and what happens when they cannot get there.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <csignal>

#include "detached.hpp"

using namespace tether::test;

TEST_CASE("a status descriptor gets the same records and COMMAND never holds it") {
  Connection pipe = Connection::pipe(1);
  Running running(Words{"--status-fd=7", "--json"} + probe("fds"), pipe.as(7));
  running.close_input();
  const std::string records = pipe.read_to_end();
  const Finished finished = running.wait();
  CHECK(parse_records(records) == finished.records);
  CHECK(finished.out.find("0 1 2 \n") != std::string::npos);
}

TEST_CASE("a status descriptor that COMMAND outlives nothing of ends when tether ends") {
  Connection pipe = Connection::pipe(1);
  // COMMAND leaves a process in the background: it must not hold the pipe open.
  Running running({"--status-fd=7", "--", "/bin/sh", "-c", "sleep 1000 >/dev/null 2>&1 & echo $!"},
                  pipe.as(7));
  running.expect_output("\n");
  const pid_t left = std::stoi(running.out());
  CHECK(parse_records(pipe.read_to_end()).size() == 2);
  CHECK(::kill(left, SIGKILL) == 0);
}

TEST_CASE("a descriptor that is closed or only readable is refused before anything runs") {
  TemporaryDirectory directory;
  const Words command{"--", "/bin/sh", "-c", "echo > " + directory.path("made")};
  Finished finished = run(Words{"--status-fd=7"} + command);
  CHECK(finished.exit_code == 125);
  CHECK(finished.first_error_line() == "tether: --status-fd=7: Bad file descriptor");
  CHECK(run(Words{"--status-fd=0"} + command).exit_code == 125);
  CHECK(run(Words{"--keep-fd=7"} + command).first_error_line() ==
        "tether: --keep-fd=7: Bad file descriptor");
  Setup closed;
  closed.before_exec = [] { (void)::close(1); };
  finished = run(Words{"--json"} + command, closed);
  CHECK(finished.exit_code == 125);
  CHECK(finished.err ==
        "tether: standard output: Bad file descriptor\n"
        "tether: hint: --status-fd and --status-file take the records elsewhere\n");
  CHECK_FALSE(exists(directory.path("made")));
}

TEST_CASE("a reader that went away is reported and the child goes on") {
  Running running(Words{"--json"} + probe("term", {"7"}));
  running.expect_output("ready");
  running.close_output();
  running.send(SIGTERM);
  const Finished finished = running.wait();
  CHECK(finished.exit_code == 7);
  CHECK(finished.err == "tether: cannot write records to standard output: Broken pipe\n");
}

TEST_CASE("a full disk is reported and the child goes on") {
  Setup setup;
  setup.before_exec = [] { (void)::dup2(::open("/dev/full", O_WRONLY), 7); };
  const Finished finished = run(Words{"--status-fd=7"} + probe("exit", {"7"}), setup);
  CHECK(finished.exit_code == 7);
  CHECK(finished.err == "tether: cannot write records to --status-fd=7: No space left on device\n");
}

TEST_CASE("a status pipe that is full does not keep tether from its child") {
  Connection pipe = Connection::pipe(1);
  pipe.fill();
  Running running(Words{"--status-fd=7"} + probe("catch"), pipe.as(7));
  running.expect_output("ready");
  running.send(SIGUSR1);
  running.expect_output("got 10");
  running.send(SIGUSR2);
  // The records come once there is room.
  const std::string text = pipe.read_to_end();
  CHECK(parse_records(text.substr(text.find('{'))).size() == 2);
  CHECK(running.wait().exit_code == 0);
}

TEST_CASE("a signal ends the wait for a reader that never reads") {
  Connection pipe = Connection::pipe(1);
  pipe.fill();
  Running running(Words{"--status-fd=7", "--print-pid"} + probe("exit", {"7"}), pipe.as(7));
  const pid_t child = running.child();
  // Before that the signal would be the child's.
  REQUIRE(eventually([child] { return !state_of(child).has_value(); }));
  running.send(SIGTERM);
  const Finished finished = running.wait();
  CHECK(finished.exit_code == 7);
  CHECK(finished.err.find("tether: cannot write records to --status-fd=7: ") == 0);
}

TEST_CASE("a closed status descriptor is refused although tether may use its number itself") {
  const std::vector<Words> modes = {{}, {"-d"}, {"-d", "--json"}, {"-d", "--notify=fd:15"}};
  for (const Words& mode : modes)
    for (int fd = 3; fd < 14; ++fd) {
      CAPTURE(joined(mode));
      const std::string option = "--status-fd=" + std::to_string(fd);
      CAPTURE(option);
      TemporaryDirectory directory;
      const Finished finished =
          run(mode + Words{option, "--", "/bin/sh", "-c", "echo > " + directory.path("made")});
      CHECK(finished.exit_code == 125);
      CHECK(finished.first_error_line() == "tether: " + option + ": Bad file descriptor");
      CHECK(OrphanCollector().all_are_gone());
      CHECK_FALSE(exists(directory.path("made")));
    }
}

KERNEL_TEST_CASE("a detached start waits for room on standard output and loses nothing") {
  for (const Words& mode : {Words{"-dq"}, Words{"-dq", "--status-file=/dev/null"}}) {
    CAPTURE(joined(mode));
    const Cleanup cleanup;
    TemporaryDirectory directory;
    const std::string log = directory.path("log");
    Connection pipe = Connection::pipe(1);
    pipe.fill();
    Running running(mode + Words{"--print-pid", "--json", "--log=" + log} + probe("sleep"),
                    pipe.as(1));
    REQUIRE(eventually([&] { return read_file(log) == "ready\n"; }));
    REQUIRE(eventually([&] { return state_of(running.pid()) != 'R'; }));
    CHECK(eventually([&] { return state_of(running.pid()) == 'S'; }));
    const std::string text = pipe.read_to_end();
    const Finished finished = running.wait();
    CHECK(finished.exit_code == 0);
    CHECK(finished.err.empty());
    const std::string said = text.substr(text.find_first_not_of('x'));
    REQUIRE(parse_records(said).size() == 1);
    CHECK(said.rfind(parse_records(said)[0].at("pid").dump() + "\n", 0) == 0);
  }
}
