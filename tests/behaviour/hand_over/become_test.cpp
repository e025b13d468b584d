// --become: tether's own process becomes a command that holds the child's pidfd.
#include <sys/prctl.h>
#include <sys/wait.h>

#include "hand_over.hpp"

using namespace tether::test;

namespace {

// The words of a tether that becomes `command` beside `child`.
Words becoming(const std::string& command, const Words& more, const Words& child) {
  return Words{"--pidfd-fd=7", "--stderr=/dev/null", "--become=" + command} + more + child;
}

std::string probe_line(const std::string& words) {
  return tool("probe") + " " + words;
}

}  // namespace

KERNEL_TEST_CASE("tether becomes the command, which has the pidfd where it was wanted") {
  const Cleanup cleanup;
  TemporaryDirectory directory;
  const std::string out = directory.path("out");
  Running running(becoming("echo $TETHER_PIDFD_FD $$; exec " + probe_line("sleep"),
                           autokill() + Words{"--json", "--stdout=" + out}, probe("sleep")));
  running.expect_output("ready");
  CHECK(running.out().find("7 " + std::to_string(running.pid()) + "\n") != std::string::npos);
  const Json start = running.record("start");
  REQUIRE(start.is_object());
  CHECK(start.at("held_by") == "become");
  CHECK(start.at("guarantees").at("autokill") == expected_watch());
  const pid_t child = running.child();
  CHECK(runs(running.pid(), tool("probe")));
  CHECK(link_of(running.pid(), "fd/7").find("[pidfd]") != std::string::npos);
  CHECK(
      read_file(proc(running.pid(), "fdinfo/7")).find("\nPid:\t" + std::to_string(child) + "\n") !=
      std::string::npos);
  // COMMAND has neither the pidfd nor anything else that is not the caller's.
  REQUIRE(probe_sits(child));
  CHECK(descriptors_of(child) == std::set<int>{0, 1, 2});
  CHECK(parent_of(child) != running.pid());
  CHECK(children_of(running.pid()).empty());
  running.send(SIGKILL);
  CHECK(running.wait().signal == SIGKILL);
  CHECK(is_gone(child));
  CHECK(OrphanCollector().all_are_gone());
}

KERNEL_TEST_CASE("the command's exit status is tether's, and the child ends with it") {
  const Cleanup cleanup;
  Running running(
      becoming("exit 5", autokill() + Words{"--print-pid", "--stdout=/dev/null"}, probe("sleep")));
  const pid_t child = running.child();
  CHECK(running.wait().exit_code == 5);
  CHECK(is_gone(child));
  CHECK(OrphanCollector().all_are_gone());
}

KERNEL_TEST_CASE("what the command leaves in the background holds the child as well") {
  const Cleanup cleanup;
  Answering answering;
  Running running(becoming(probe_line("sleep") + " & echo left $!; exit 0",
                           autokill() + Words{"--print-pid"} + answering.to(),
                           Answering::command()));
  const pid_t child = running.child();
  running.expect_output("left ");
  const std::string out = running.out();
  const pid_t left = std::stoi(out.substr(out.find("left ") + 5));
  CHECK(running.wait().exit_code == 0);
  answering.await_start();
  CHECK(answering.lives(child));
  CHECK(descriptors_of(left).count(7) == 1);
  REQUIRE(::kill(left, SIGKILL) == 0);
  CHECK(is_gone(child));
  CHECK(OrphanCollector().all_are_gone());
}

KERNEL_TEST_CASE("no wait of the command sees the child or waits for it") {
  for (const Words& more : {Words{}, autokill(), autokill() + Words{"--timeout=1h"}}) {
    for (const bool adopts : {false, true}) {
      CAPTURE(joined(more));
      CAPTURE(adopts);
      const Cleanup cleanup;
      Setup setup;
      // As a subreaper by an earlier program it would get the child for its own.
      if (adopts) setup.before_exec = [] { (void)::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); };
      Running running(becoming("exec " + probe_line("reap"),
                               more + Words{"--print-pid", "--stdout=/dev/null"}, probe("sleep")),
                      setup);
      running.expect_output("reaped 0, No child processes\n");
      const pid_t child = running.child();
      if (more.empty()) CHECK(state_of(child).has_value());
      (void)running.wait();
    }
  }
}

KERNEL_TEST_CASE("the command is not run when there is no child for it") {
  const Cleanup cleanup;
  TemporaryDirectory directory;
  const std::string made = directory.path("made");
  for (const Words& more : {Words{}, autokill(), autokill() + Words{"--timeout=1h"}}) {
    const Finished finished =
        run(Words{"--pidfd-fd=7", "--become=echo > " + made} + more + Words{"--", "/nonexistent"});
    CHECK(finished.exit_code == 127);
    CHECK(finished.err == "tether: cannot run '/nonexistent': No such file or directory\n");
    CHECK_FALSE(exists(made));
    CHECK(OrphanCollector().all_are_gone());
  }
}

KERNEL_TEST_CASE(
    "a signal that comes while the child starts is for the command, or ends the start") {
  for (const Words& more : {Words{}, autokill(), autokill() + Words{"--timeout=1h"}}) {
    CAPTURE(joined(more));
    const Cleanup cleanup;
    // The records have no room: the child is there, and the fork that made it waits.
    Connection full = Connection::pipe(1);
    full.fill();
    Setup setup;
    setup.before_exec = [end = full.theirs.get()] { (void)::dup2(end, 9); };
    Running running(becoming("echo command runs; exec " + probe_line("sleep"),
                             more + Words{"--status-fd=9", "--print-pid", "--stdout=/dev/null"},
                             probe("sleep")),
                    setup);
    const pid_t child = running.child();
    full.theirs.reset();
    running.send(SIGTERM);
    const Finished finished = running.wait();
    CHECK((finished.signal == SIGTERM || finished.exit_code == 128 + SIGTERM));
    if (!more.empty()) CHECK(is_gone(child));
  }
}

KERNEL_TEST_CASE("a number that is taken is refused before anything runs") {
  TemporaryDirectory directory;
  Setup setup;
  setup.before_exec = [] { (void)::dup2(::open("/dev/null", O_RDWR | O_CLOEXEC), 7); };
  const Finished finished = run(Words{"--pidfd-fd=7", "--become=:", "--", "/bin/sh", "-c",
                                      "echo > " + directory.path("made")},
                                setup);
  CHECK(finished.exit_code == 125);
  CHECK(finished.err ==
        "tether: --pidfd-fd=7 is open already\n"
        "tether: hint: with --become the pidfd is put there: name a free number above 2\n");
  CHECK_FALSE(exists(directory.path("made")));
}

KERNEL_TEST_CASE(
    "the command gets the environment, the signals and the descriptors of tether's caller") {
  const Cleanup cleanup;
  Setup setup;
  setup.environment = {"FROM_CALLER=1"};
  setup.before_exec = [] {
    (void)::signal(SIGHUP, SIG_IGN);
    (void)::dup2(::open("/dev/null", O_RDWR | O_CLOEXEC), 9);
  };
  Running running(
      becoming(probe_line("signals") + "; " + probe_line("env") + "; " + probe_line("fds") +
                   "; echo that was all",
               autokill() + Words{"--env=FOR_CHILD=1", "--stdout=/dev/null"}, probe("sleep")),
      setup);
  running.expect_output("that was all\n");
  const std::string& out = running.out();
  CHECK(out.find("FROM_CALLER=1\n") != std::string::npos);
  CHECK(out.find("FOR_CHILD") == std::string::npos);
  CHECK(out.find("TETHER_PIDFD_FD=7\n") != std::string::npos);
  CHECK((out.find("TETHER_LIFELINE_FD=8\n") != std::string::npos) == (expected_descriptors() == 2));
  std::string descriptors = run(probe("fds"), setup).out;
  descriptors.replace(descriptors.find("9 "), 2, expected_descriptors() == 2 ? "7 8 9 " : "7 9 ");
  CHECK_MESSAGE(out.find(descriptors) != std::string::npos, descriptors, " in ", out);
  const Finished plain = run(probe("signals"), [] {
    Setup ignoring;
    ignoring.before_exec = [] { (void)::signal(SIGHUP, SIG_IGN); };
    return ignoring;
  }());
  CHECK(out.find(plain.out) != std::string::npos);
  (void)running.wait();
}

KERNEL_TEST_CASE(
    "a status descriptor of a child beside a command ends when the child's last record is there") {
  const Cleanup cleanup;
  Connection status = Connection::pipe(1);
  Setup setup;
  setup.before_exec = [end = status.theirs.get()] { (void)::dup2(end, 9); };
  Running running(becoming("exec " + probe_line("sleep"),
                           Words{"--status-fd=9", "--stdout=/dev/null"}, probe("exit", {"3"})),
                  setup);
  const auto records = parse_records(status.read_to_end());
  REQUIRE(records.size() == 2);
  CHECK(records[1].at("status") == 3);
  running.expect_output("ready");
}
