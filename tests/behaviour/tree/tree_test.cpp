// --tree: every ending covers all that COMMAND has started, and nothing frees it.
#include "tree.hpp"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <string>

#include "gate.hpp"
#include "namespace.hpp"

using namespace tether::test;

namespace {

// Every way to hold a tree together that there is here; those that differ by the kernel everywhere,
// and with the place of the child in groups and sessions where the run is in full.
std::vector<Words> modes() {
  std::vector<Words> modes = {
      {"--tree"}, {"--tree", "--autoreap"}, {"--tree", "--nnp", "--autokill"}};
  if (is_run_in_full())
    modes.insert(modes.end(), {{"--tree", "--setpgid"}, {"--tree", "--setsid"}});
  if (!has_namespaces()) return modes;
  modes.push_back({"--pid-namespace"});
  modes.push_back({"--pid-namespace", "--nnp", "--autokill"});
  if (is_run_in_full()) modes.push_back({"--pid-namespace", "--setpgid"});
  return modes;
}

bool is_namespace(const Words& mode) {
  return mode[0] == "--pid-namespace";
}

// The members that TERM does not end get SIGKILL at once.
const Words impatient = {"-k", "50ms", "--json"};

}  // namespace

KERNEL_TEST_CASE("what COMMAND leaves behind is ended, and counted") {
  for (const Words& mode : modes()) {
    CAPTURE(joined(mode));
    Family family;
    const Finished done = run(mode + impatient + family.command("leaver"), family.setup());
    CHECK(family.is_gone_now());
    CHECK(done.exit_code == 0);
    CHECK(done.err.empty());
    const Json exit = done.record("exit");
    CHECK(exit.at("code") == "exited");
    CHECK(exit.at("cause") == "command");
    CHECK(exit.at("escalated") == true);
    // Of the comet more than one generation may have been met.
    CHECK(exit.at("leftover").get<int>() >= Family::others);
    CHECK(exit.at("survivors") == 0);
    CHECK(done.record("start").at("guarantees").at("tree") ==
          (is_namespace(mode) ? "pid-namespace" : "subreaper"));
  }
}

KERNEL_TEST_CASE("a timeout covers the tree") {
  std::chrono::milliseconds time{300};
  for (const Words& mode : modes()) {
    CAPTURE(joined(mode));
    for (bool was_whole = false; !was_whole; time *= was_whole ? 1 : 4) {
      Family family;
      const Finished done =
          run(mode + impatient + Words{"--timeout=" + std::to_string(time.count()) + "ms"} +
                  family.command(),
              family.setup());
      CHECK(family.is_gone_now());
      CHECK(done.exit_code == 124);
      CHECK(done.record("exit").at("cause") == "timeout");
      CHECK(done.record("exit").at("survivors") == 0);
      // A busy machine may need more time for the family to come up.
      was_whole = family.has_come_up();
      REQUIRE((was_whole || time < std::chrono::minutes(1)));
    }
  }
}

KERNEL_TEST_CASE("a signal that ends COMMAND ends its tree") {
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGUSR1}) {
    CAPTURE(signal);
    Family family;
    Running running(Words{"--tree"} + impatient + family.command(), family.setup());
    REQUIRE(family.is_up());
    running.send(signal);
    const Finished done = running.wait();
    CHECK(family.is_gone_now());
    if (signal == SIGINT) {
      CHECK(done.signal == SIGINT);
    } else {
      CHECK(done.exit_code == 128 + signal);
    }
    CHECK(done.record("exit").at("cause") == "signal");
  }
}

KERNEL_TEST_CASE("SIGKILL of tether ends the tree") {
  for (const Words& mode : modes()) {
    CAPTURE(joined(mode));
    Family family;
    const Running running(mode + family.command(), family.setup());
    REQUIRE(family.is_up());
    running.send(SIGKILL);
    CHECK(family.is_gone());
  }
}

KERNEL_TEST_CASE("SIGKILL of tether that is stopped ends the tree") {
  Family family;
  const Running running(Words{"--tree"} + family.command(), family.setup());
  REQUIRE(family.is_up());
  running.send(SIGSTOP);
  REQUIRE(eventually([&] { return state_of(running.pid()) == 'T'; }));
  running.send(SIGKILL);
  CHECK(family.is_gone());
}

KERNEL_TEST_CASE("SIGKILL of the warden ends the tree, and tether says so") {
  for (const Words& mode : modes()) {
    CAPTURE(joined(mode));
    Family family;
    Running running(mode + Words{"--json"} + family.command(), family.setup());
    REQUIRE(family.is_up());
    const pid_t warden = warden_of(running.child());
    REQUIRE(warden != running.pid());
    REQUIRE(::kill(warden, SIGKILL) == 0);
    const Finished done = running.wait();
    CHECK(family.is_gone_now());
    CHECK(done.exit_code == 128 + SIGKILL);
    const Json exit = done.record("exit");
    CHECK(exit.at("cause") == "holder");
    CHECK(exit.at("signal") == "SIGKILL");
    CHECK(exit.at("survivors") == 0);
  }
}

KERNEL_TEST_CASE("SIGKILL of a whole foreground group ends the tree") {
  for (const Words& mode : modes()) {
    CAPTURE(joined(mode));
    Family family;
    Setup setup = family.setup();
    setup.before_exec = [before = setup.before_exec] {
      (void)::setpgid(0, 0);
      before();
    };
    const Running running(mode + family.command(), setup);
    REQUIRE(family.is_up());
    REQUIRE(::kill(-running.pid(), SIGKILL) == 0);
    CHECK(family.is_gone());
  }
}

KERNEL_TEST_CASE("the warden holds nothing of the caller's, and has a name of its own") {
  Family family;
  Running running(Words{"--tree", "--json"} + family.command(), family.setup());
  REQUIRE(family.is_up());
  const pid_t warden = warden_of(running.child());
  for (const int fd : descriptors_of(warden)) {
    const std::string target = link_of(warden, "fd/" + std::to_string(fd));
    CAPTURE(target);
    CHECK((target.rfind("anon_inode:", 0) == 0 || target.rfind("socket:", 0) == 0 ||
           target.rfind("pidfd:", 0) == 0));
  }
  CHECK(link_of(warden, "cwd") == "/");
  CHECK(status_of(warden, "Name") == "warden");
  const std::string title = read_file(proc(warden, "cmdline"));
  CHECK(title.c_str() == "warden of " + std::to_string(running.child()) + ": " + tool("family"));
  // A SIGKILL of the group, or a hang-up of the terminal, does not mean both.
  CHECK(::getsid(warden) != ::getsid(running.pid()));
}

KERNEL_TEST_CASE("a member is asked once, and a stopped one can answer") {
  for (const bool is_stopped : {false, true}) {
    CAPTURE(is_stopped);
    const Services services;
    const std::string out = services.path("said");
    const pid_t owner = fork_bystander();
    Running running({"--tree", "--json", "--die-with-pid=" + std::to_string(owner), "-k", "1s",
                     "--", "/bin/sh", "-c",
                     tool("probe") + " catch > " + out + " & echo $! > " + services.path("pid") +
                         "; exec " + tool("probe") + " sleep"});
    REQUIRE(eventually([&] { return read_file(out) == "ready\n"; }));
    REQUIRE(eventually([&] { return !read_file(services.path("pid")).empty(); }));
    const pid_t member = std::stoi(read_file(services.path("pid")));
    if (is_stopped) REQUIRE(::kill(member, SIGSTOP) == 0);
    kill_and_reap(owner);
    const Finished done = running.wait();
    CHECK(done.exit_code == 143);
    CHECK(done.record("exit").at("cause") == "pid");
    CHECK(done.record("exit").at("escalated") == true);
    const std::string said = read_file(out);
    CHECK(said.find("got 15\n") == said.rfind("got 15\n"));
    CHECK(said.find("got 15\n") != std::string::npos);
    CHECK_FALSE(is_alive(member));
  }
}

KERNEL_TEST_CASE("the orphans that a tree sheds do not take COMMAND's status") {
  for (const Words& mode : modes()) {
    CAPTURE(joined(mode));
    const Finished done =
        run(mode + Words{"--json", "--", "/bin/sh", "-c",
                         "i=0; while [ $i -lt " + std::to_string(rounds(50)) + " ]; do (" +
                             tool("probe") + " exit 3 &); i=$((i+1)); done; exit 7"});
    CHECK(done.exit_code == 7);
    CHECK(done.record("exit").at("status") == 7);
    CHECK(done.record("exit").at("survivors") == 0);
  }
}

KERNEL_TEST_CASE("no orphan of a tree stays a zombie while COMMAND runs") {
  Running running({"--tree", "--print-pid", "--", "/bin/sh", "-c",
                   "i=0; while [ $i -lt " + std::to_string(rounds(50)) + " ]; do (" +
                       tool("probe") + " exit 3 &); i=$((i+1)); done; echo made; exec " +
                       tool("probe") + " sleep"});
  const pid_t child = running.child();
  running.expect_output("ready\n");
  const pid_t warden = warden_of(child);
  CHECK(eventually([&] { return children_of(warden) == std::vector<pid_t>{child}; }));
}

KERNEL_TEST_CASE("COMMAND's usage is exact, though another process waits for it") {
  const Finished done = run(Words{"--tree", "--json"} + Words{"--"} + probe("burn", {"100"}));
  const Json exit = done.record("exit");
  CHECK(exit.at("usage_from") == "wait");
  CHECK(exit.at("user_s").get<double>() + exit.at("system_s").get<double>() >= 0.09);
  CHECK(exit.at("leftover") == 0);
}

KERNEL_TEST_CASE("statuses and failures are what they are without a tree") {
  CHECK(run(Words{"--tree", "--"} + probe("exit", {"42"})).exit_code == 42);
  CHECK(run(Words{"--tree", "--"} + probe("kill", {"9"})).exit_code == 137);
  CHECK(run(Words{"--tree", "--"} + probe("kill", {"2"})).signal == SIGINT);
  const Finished missing = run({"--tree", "--", "/nonexistent/command"});
  CHECK(missing.exit_code == 127);
  CHECK(missing.first_error_line() ==
        "tether: cannot run '/nonexistent/command': No such file or directory");
  CHECK(run({"--tree", "--", "/dev/null"}).exit_code == 126);
}

KERNEL_TEST_CASE("at a gate the tree is only the child") {
  SUBCASE("which runs when the gate opens") {
    const Gate gate;
    Running running({"--tree", "--json", "--block-fd=9", "--", "/bin/sh", "-c", "exit 5"},
                    gate.setup());
    running.expect_output("spawned");
    gate.open_by_byte();
    CHECK(running.wait().exit_code == 5);
  }
  SUBCASE("and can be killed") {
    const Gate gate;
    Running running({"--tree", "--json", "--block-fd=9", "--", "/bin/sh", "-c", "exit 5"},
                    gate.setup());
    running.expect_output("spawned");
    REQUIRE(::kill(running.record("spawned").at("pid").get<pid_t>(), SIGTERM) == 0);
    const Finished done = running.wait();
    CHECK(done.exit_code == 143);
    CHECK(done.first_error_line() == "tether: SIGTERM ended the child before --block-fd");
  }
  SUBCASE("and goes with tether") {
    const Gate gate;
    Running running({"--tree", "--json", "--block-fd=9", "--", "/bin/sh", "-c", "exit 5"},
                    gate.setup());
    running.expect_output("spawned");
    const pid_t child = running.record("spawned").at("pid").get<pid_t>();
    const pid_t warden = warden_of(child);
    running.send(SIGKILL);
    CHECK(eventually([&] { return !is_alive(child) && !is_alive(warden); }));
  }
}

KERNEL_TEST_CASE("a detached tree has a keeper, and ends with it") {
  const Cleanup cleanup;
  for (const int victim : {0, 1}) {
    CAPTURE(victim);
    Family family;
    const std::string status = family.path("status");
    const Finished done =
        run(Words{"-dq", "--tree", "--keep-fd=9", "--status-file=" + status} + family.command(),
            family.setup());
    REQUIRE(done.exit_code == 0);
    REQUIRE(family.is_up());
    const Json start = parse_records(read_file(status)).front();
    const pid_t child = start.at("pid").get<pid_t>();
    const pid_t keeper = start.at("supervisor_pid").get<pid_t>();
    REQUIRE(::kill(victim == 0 ? keeper : warden_of(child), SIGKILL) == 0);
    CHECK(family.is_gone());
  }
}

KERNEL_TEST_CASE("a detached tree ends with the process it is tied to") {
  const Cleanup cleanup;
  Family family;
  const pid_t owner = fork_bystander();
  const std::string status = family.path("status");
  const Finished done =
      run(Words{"-dq", "--tree", "-k50ms", "--keep-fd=9", "--die-with-pid=" + std::to_string(owner),
                "--status-file=" + status} +
              family.command(),
          family.setup());
  REQUIRE(done.exit_code == 0);
  REQUIRE(family.is_up());
  kill_and_reap(owner);
  CHECK(family.is_gone());
  REQUIRE(eventually([&] { return parse_records(read_file(status)).size() == 2; }));
  const Json exit = parse_records(read_file(status)).back();
  CHECK(exit.at("cause") == "pid");
  CHECK(exit.at("survivors") == 0);
}

KERNEL_TEST_CASE("a tree that is only adopted is not enforced by the kernel") {
  const Finished done = run({"--strict", "--tree", "--", "/bin/true"});
  CHECK(done.exit_code == 125);
  CHECK(done.first_error_line() == "tether: --strict: --tree alone is not enforced by the kernel");
}
