// --pidfile: what it holds, from the start to the end.
#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <sstream>

#include "services.hpp"

using namespace tether::test;

KERNEL_TEST_CASE("the pidfile holds the pid and a newline before COMMAND's first instruction") {
  for (const Words& mode : {Words{}, Words{"--exec"}, Words{"-dq"}, Words{"-dq", "--autokill"},
                            Words{"--autoreap"}, Words{"-dq", "--status-file=status"}}) {
    CAPTURE(mode);
    const Services services;
    const std::string out = services.path("out");
    Setup setup;
    setup.before_exec = [&services] { (void)!::chdir(services.path("").c_str()); };
    const Finished finished = run(mode + services.by_pidfile() +
                                      Words{"--nnp", "--stdout=" + out, "--", "/bin/sh", "-c",
                                            "read pid < pid; echo $pid $$; exec wc -l < pid"},
                                  setup);
    CHECK_MESSAGE(finished.exit_code == 0, finished.err);
    const auto lines = [&] {
      const std::string text = read_file(out);
      return std::count(text.begin(), text.end(), '\n');
    };
    REQUIRE(eventually([&] { return lines() == 2; }));
    std::istringstream said(read_file(out));
    std::string named;
    std::string own;
    int count = 0;
    said >> named >> own >> count;
    CHECK(named == own);
    CHECK(count == 1);
  }
}

TEST_CASE("the pidfile is readable by all and its identity by its owner only") {
  const Services services;
  (void)services.start();
  const mode_t mask = ::umask(0);
  (void)::umask(mask);
  CHECK(mode_of(services.path()) == (0644 & ~mask));
  CHECK(mode_of(services.path("pid.tether")) == 0600);
}

TEST_CASE("a start that fails leaves no pidfile") {
  const Services services;
  services.write("text", "no program\n");
  struct Row {
    Words words;
    int status;
  };
  const Row rows[] = {
      {{"/no/such"}, 127},
      {{services.path("text")}, 126},
      {{"-C", services.path("no-such"), "true"}, 125},
      {{"--stdout=" + services.path("no/such"), "true"}, 125},
      {{"--keep-fd=77", "true"}, 125},
      {{"--nnp", "--autokill", "/no/such"}, 127},
  };
  for (const Row& row : rows)
    for (const Words& mode : {Words{}, Words{"-d"}, Words{"-d", "--status-file=/dev/null"}}) {
      CAPTURE(mode);
      CAPTURE(row.words);
      CHECK(run(mode + services.by_pidfile() + row.words).exit_code == row.status);
      CHECK(services.is_clean());
    }
  for (const Words& words : {Words{"/no/such"}, Words{services.path("text")}}) {
    CHECK(run(Words{"--exec"} + services.by_pidfile() + words).exit_code >= 126);
    CHECK(services.is_clean());
  }
}

KERNEL_TEST_CASE("a service that was not ready in time leaves no pidfile") {
  const Services services;
  for (const Words& mode : {Words{}, Words{"-d"}, Words{"-d", "--status-file=/dev/null"}}) {
    CAPTURE(mode);
    CHECK(run(mode + services.by_pidfile() + Words{"--notify=fd:3", "--ready-timeout=50ms"} +
              probe("sleep"))
              .exit_code == 124);
    CHECK(services.is_clean());
  }
}

KERNEL_TEST_CASE("an error before the spawn leaves a stale pidfile as it was") {
  const Services services;
  kill_and_reap(services.start());
  const std::string pid = services.content();
  const std::string identity = services.identity();
  CHECK(run(Words{"-d", "-C", services.path("no-such")} + services.by_pidfile() + Words{"true"})
            .exit_code == 125);
  CHECK(services.content() == pid);
  CHECK(services.identity() == identity);
  // What came as far as a child may have replaced it, but is not named by it.
  CHECK(run(Words{"-d"} + services.by_pidfile() + Words{"/no/such"}).exit_code == 127);
  CHECK((services.is_clean() || services.content() == pid));
}

KERNEL_TEST_CASE("a directory that is not there is an error before anything runs") {
  const Services services;
  const std::string path = services.path("no/such/pid");
  const Finished finished =
      run({"-d", "--pidfile=" + path, "--", "/bin/sh", "-c", "echo > " + services.path("made")});
  CHECK(finished.exit_code == 125);
  CHECK(finished.first_error_line().find("No such file or directory") != std::string::npos);
  CHECK_FALSE(exists(services.path("made")));
}

KERNEL_TEST_CASE("tether and its keeper remove the pidfile at the end") {
  const Services services;
  CHECK(run(services.by_pidfile() + probe("exit", {"3"})).exit_code == 3);
  CHECK(services.is_clean());
  const Finished kept =
      run(Words{"-dq", "--print-pid", "--status-file=" + services.path("status")} +
          services.by_pidfile() + probe("sleep"));
  REQUIRE(kept.exit_code == 0);
  CHECK(services.content() == kept.out);
  REQUIRE(::kill(std::stoi(kept.out), SIGTERM) == 0);
  CHECK(eventually([&] { return services.is_clean(); }));
}

TEST_CASE("a pidfile that has become another's is not removed at the end") {
  const Services services;
  Running first(services.by_pidfile() + probe("term", {"4"}));
  first.expect_output("ready");
  SUBCASE("by a second service") {
    std::filesystem::remove(services.path());
    std::filesystem::remove(services.path("pid.tether"));
    const pid_t second = services.start();
    first.send(SIGTERM);
    CHECK(first.wait().exit_code == 4);
    CHECK(services.content() == std::to_string(second) + "\n");
    CHECK(services.start_again().exit_code == 125);
  }
  SUBCASE("by hand") {
    services.write("pid", "1\n");
    first.send(SIGTERM);
    CHECK(first.wait().exit_code == 4);
    CHECK(services.content() == "1\n");
  }
}

TEST_CASE("a process that became COMMAND in place runs by its pidfile") {
  const Services services;
  Running running(Words{"--exec"} + services.by_pidfile() + probe("sleep"));
  running.expect_output("ready");
  CHECK(services.content() == std::to_string(running.pid()) + "\n");
  const Finished again = services.start_again();
  CHECK(again.exit_code == 125);
  CHECK(again.first_error_line() == already_running(running.pid(), services.path()));
  const pid_t pid = running.pid();
  Running stop(Words{"--stop"} + services.by_pidfile());
  CHECK(running.wait().signal == SIGTERM);
  CHECK(stop.wait().exit_code == 0);
  CHECK_FALSE(state_of(pid).has_value());
  CHECK(services.is_clean());
}

TEST_CASE("a service whose tether was killed is still running") {
  const Services services;
  Running running(services.by_pidfile() + probe("sleep"));
  running.expect_output("ready");
  const pid_t child = std::stoi(services.content());
  running.send(SIGKILL);
  CHECK(running.wait().signal == SIGKILL);
  CHECK(services.start_again().first_error_line() == already_running(child, services.path()));
  CHECK(run(Words{"--stop"} + services.by_pidfile()).exit_code == 0);
  CHECK(is_gone(child));
  CHECK(services.is_clean());
}

KERNEL_TEST_CASE("--umask and --chdir do not touch the pidfile") {
  const Services services;
  Setup setup;
  setup.before_exec = [&services] {
    (void)!::chdir(services.path("").c_str());
    (void)::umask(022);
  };
  const Finished finished =
      run(Words{"-dq", "--umask=777", "-C", "/", "--pidfile=pid"} + probe("sleep"), setup);
  CHECK(finished.exit_code == 0);
  CHECK(mode_of(services.path()) == 0644);
}
