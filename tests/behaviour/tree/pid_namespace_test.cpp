// --pid-namespace: a tree that the kernel ends as one, and that is otherwise like any other child.
#include <doctest/doctest.h>
#include <unistd.h>

#include <csignal>
#include <string>

#include "first_process.hpp"
#include "namespace.hpp"
#include "services.hpp"
#include "tree.hpp"

using namespace tether::test;

KERNEL_TEST_CASE("COMMAND sees its own namespace only") {
  SKIP_UNLESS(has_namespaces(), "no PID namespace can be had here");
  const Finished done = run({"--pid-namespace", "--", "/bin/sh", "-c",
                             "echo $$; read -r pid rest < /proc/self/stat; echo /proc/[0-9]*"});
  CHECK(done.out == "2\n/proc/1 /proc/2\n");
}

KERNEL_TEST_CASE("the caller sees COMMAND by the numbers of its own namespace") {
  SKIP_UNLESS(has_namespaces(), "no PID namespace can be had here");
  Running running(Words{"--pid-namespace", "--json", "--"} + probe("sleep"));
  running.expect_output("ready\n");
  running.expect_output("supervisor_pid");
  const Json start = running.record("start");
  const pid_t child = start.at("pid").get<pid_t>();
  const pid_t init = start.at("init_pid").get<pid_t>();
  CHECK(runs(child, tool("probe")));
  CHECK(parent_of(child) == init);
  CHECK(parent_of(init) == running.pid());
  CHECK(start.at("supervisor_pid") == running.pid());
  CHECK(status_of(child, "NSpid") == std::to_string(child) + "\t2");
  running.send(SIGTERM);
  const Finished done = running.wait();
  CHECK(done.exit_code == 128 + SIGTERM);
  CHECK(done.record("exit").at("pid") == child);
  CHECK(done.record("exit").at("usage_from") == "namespace");
}

KERNEL_TEST_CASE("COMMAND is the same user, with the same capabilities") {
  SKIP_UNLESS(has_namespaces(), "no PID namespace can be had here");
  const Words command = {"--", "/bin/sh", "-c",
                         "grep -E '^(Uid|Gid|CapInh|CapPrm|CapEff|CapAmb):' /proc/self/status"};
  CHECK(run(Words{"--pid-namespace"} + command).out == run(command).out);
}

KERNEL_TEST_CASE("a descriptor of the first process would keep it alive: COMMAND has none") {
  SKIP_UNLESS(has_namespaces(), "no PID namespace can be had here");
  const std::string fds = run(Words{"--"} + probe("fds")).out;
  CHECK(run(Words{"--pid-namespace", "--"} + probe("fds")).out == fds);
  CHECK(run(Words{"--tree", "--"} + probe("fds")).out == fds);
}

KERNEL_TEST_CASE("a signal to the first process is meant for COMMAND") {
  SKIP_UNLESS(has_namespaces(), "no PID namespace can be had here");
  Running running(Words{"--pid-namespace", "--json", "--"} + probe("catch"));
  running.expect_output("ready\n");
  running.expect_output("supervisor_pid");
  REQUIRE(::kill(running.record("start").at("init_pid").get<pid_t>(), SIGUSR1) == 0);
  running.expect_output("got 10\n");
  running.send(SIGUSR2);
  CHECK(running.wait().exit_code == 0);
}

KERNEL_TEST_CASE("a service in a namespace has a pidfile, and can be stopped by it") {
  SKIP_UNLESS(has_namespaces(), "no PID namespace can be had here");
  const Services services;
  for (const Words& mode : {Words{"--pid-namespace"}, Words{"--tree"}}) {
    CAPTURE(joined(mode));
    const pid_t child = services.start(mode + probe("sleep"));
    CHECK(runs(child, tool("probe")));
    CHECK(services.stop().exit_code == 0);
    CHECK_FALSE(is_alive(child));
  }
}

KERNEL_TEST_CASE("with --autokill the kernel holds the namespace by its pidfd") {
  SKIP_UNLESS(has_namespaces(), "no PID namespace can be had here");
  const Finished done =
      run(Words{"--pid-namespace", "--autokill", "--nnp", "--json", "--"} + probe("exit", {"4"}));
  CHECK(done.exit_code == 4);
  const Json guarantees = done.record("start").at("guarantees");
  const bool native = expected_autokill() == "kernel";
  CHECK(guarantees.at("autokill") == (native ? "kernel" : "pdeathsig"));
  CHECK(guarantees.at("supervisor") == guarantees.at("autokill"));
  CHECK(done.record("exit").at("usage_from") == "namespace");
}

KERNEL_TEST_CASE("--strict takes a namespace for a tree") {
  SKIP_UNLESS(has_namespaces(), "no PID namespace can be had here");
  CHECK(run({"--strict", "--pid-namespace", "--", "/bin/true"}).exit_code == 0);
}

KERNEL_TEST_CASE("where namespaces are filtered nothing is started") {
  const Services services;
  const Finished done = run({"--pid-namespace", "--json", "--pidfile=" + services.path("pid"), "--",
                             "/bin/sh", "-c", "echo ran > " + services.path("out")},
                            filtered("clone3=ENOSYS,clone-namespaces=EPERM"));
  CHECK(done.exit_code == 125);
  CHECK(done.first_error_line() == "tether: cannot make a PID namespace: Operation not permitted");
  CHECK(done.err.find("hint: ") != std::string::npos);
  CHECK(done.record("error").at("stage") == "namespaces");
  CHECK_FALSE(exists(services.path("out")));
  CHECK_FALSE(exists(services.path("pid")));
}

KERNEL_TEST_CASE("PID 1 is its own warden") {
  SKIP_UNLESS(can_unshare_pids(), "no PID namespace can be had here");
  Family family;
  Setup setup = first_process();
  setup = family.setup(setup);
  Running running(Words{"--tree", "-k50ms", "--print-pid"} + family.command(), setup);
  REQUIRE(family.is_up());
  const pid_t init = init_of(running);
  CHECK(status_of(init, "Name") == "tether");
  for (const pid_t child : children_of(init)) CHECK(status_of(child, "Name") == "family");
  REQUIRE(::kill(init, SIGTERM) == 0);
  CHECK(running.wait().exit_code == 128 + SIGTERM);
  CHECK(family.is_gone_now());
}
