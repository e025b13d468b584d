// --notify=fd:N: COMMAND says that it is ready by a newline, and a start waits for that.
#include "readiness.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <chrono>

using namespace tether::test;

TEST_CASE("a newline on the descriptor that was named makes COMMAND ready") {
  for (const Words& mode : ready_modes)
    for (const std::string fd : {"3", "200", "0", "1", "2"}) {
      // Nothing would read what a detached COMMAND writes there later.
      if (fd == "0" && mode[0] == "-dq") break;
      CAPTURE(mode);
      CAPTURE(fd);
      Running running(mode + Words{"--json", "--notify=fd:" + fd} + probe("newline", {fd}));
      expect_ready(running, mode);
      CHECK(running.record("ready").at("status").is_null());
      CHECK(running.record("ready").at("after_s").get<double>() >= 0);
    }
}

TEST_CASE("the descriptor for COMMAND may be a number that tether uses itself") {
  for (const Words& mode : {Words{"-w"}, Words{"-dq"}, Words{"-w", "--nnp", "--autokill"}})
    for (int fd = 3; fd < 16; ++fd) {
      CAPTURE(mode);
      CAPTURE(fd);
      Running running(mode + Words{"--json", "--notify=fd:" + std::to_string(fd)} +
                      probe("newline", {std::to_string(fd)}));
      expect_ready(running, mode);
    }
}

TEST_CASE("the descriptor for COMMAND may be a number that the keeper uses itself") {
  for (int fd = 3; fd < 16; ++fd) {
    CAPTURE(fd);
    Running running(
        Words{"-dq", "--json", "--status-file=/dev/null", "--notify=fd:" + std::to_string(fd)} +
        probe("newline", {std::to_string(fd)}));
    running.expect_output("\"ready\"");
    // Gone, though COMMAND lives.
    const bool returned = eventually([&] { return !is_alive(running.pid()); });
    CHECK(returned);
    CHECK(is_alive(running.child()));
    if (returned) CHECK(running.wait().exit_code == 0);
    end_all_children();
  }
}

KERNEL_TEST_CASE("COMMAND's descriptor and the status descriptor may have one number") {
  for (const Words& mode : {Words{"-w"}, Words{"-dq"}}) {
    CAPTURE(mode);
    const Services services;
    Setup setup;
    setup.before_exec = [path = services.path("status")] {
      (void)::dup2(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644), 7);
    };
    const Rein rein(services);
    Running running(mode + Words{"--status-fd=7", "--notify=fd:7", "--", "/bin/sh", "-c",
                                 "echo >&7; read x < " + rein.path() + "; exit 5"},
                    setup);
    const auto said = [&](const char* kind) {
      return count_records(read_file(services.path("status")), kind) == 1;
    };
    CHECK(eventually([&] { return said("ready"); }));
    rein.let_go();
    CHECK(running.wait().exit_code == (mode[0] == "-w" ? 5 : 0));
    const std::chrono::steady_clock::time_point end =
        std::chrono::steady_clock::now() + std::chrono::seconds(5);
    CHECK(eventually([&] { return said("exit") || std::chrono::steady_clock::now() > end; }));
    CHECK(said("exit"));
  }
}

KERNEL_TEST_CASE("a detached start returns when COMMAND is ready and not before") {
  for (const Words& mode : detach_modes) {
    CAPTURE(mode);
    const Services services;
    const Rein rein(services);
    Running running(mode + Words{"--json", "--notify=fd:3"} + probe("newline", {"3", rein.path()}));
    running.expect_output("\"start\"");
    const pid_t child = running.child();
    REQUIRE(eventually([child] { return state_of(child) == 'S'; }));
    CHECK(is_alive(running.pid()));
    CHECK(running.record("ready").is_null());
    rein.let_go();
    const Finished finished = running.wait();
    CHECK(finished.exit_code == 0);
    CHECK(finished.records.size() == 2);
    CHECK(finished.record("ready").at("pid") == child);
  }
}

TEST_CASE("what comes before the newline is no word of readiness and what comes after no other") {
  const Services services;
  const Rein rein(services);
  Running running({"--json", "--notify=fd:3", "--", "/bin/sh", "-c",
                   "printf 'not yet' >&3; read x < " + rein.path() +
                       "; printf 'now\\nand\\nmore\\n' >&3; exit 0"});
  running.expect_output("\"start\"");
  CHECK(running.record("ready").is_null());
  rein.let_go();
  const Finished finished = running.wait();
  CHECK(finished.exit_code == 0);
  CHECK(count_records(finished.out, "ready") == 1);
}

TEST_CASE("a time that nobody lives to see the end of is not over at once") {
  Running running(Words{"-w", "--notify=fd:3", "--ready-timeout=200000d", "--json", "--", "/bin/sh",
                        "-c", "sleep 0.2; echo >&3; exec sleep 1000"});
  expect_ready(running, {"-w"});
}
