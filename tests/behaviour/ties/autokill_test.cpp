// --autokill: the child does not outlive whoever holds it.
#include <doctest/doctest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <string>
#include <vector>

#include "harness.hpp"
#include "sys/processes.hpp"

using namespace tether::test;

namespace {

// Kills tether and expects that nothing is left of the child.
void check_child_dies_with_tether(const Words& ours, const Words& command,
                                  const Setup& setup = {}) {
  CAPTURE(ours);
  OrphanCollector orphans;
  Running running(ours + Words{"--print-pid"} + command, setup);
  running.expect_output("ready");
  const pid_t child = running.child();
  REQUIRE(state_of(child).has_value());
  running.send(SIGKILL);
  CHECK(orphans.is_gone(child));
  // No keeper either, nor anything else that was tether's.
  CHECK(orphans.all_are_gone());
}

// As pgrep -f finds them.
std::vector<pid_t> processes_named_by(const std::string& word) {
  std::vector<pid_t> found;
  for (const tether::Relative& other : tether::all_others())
    if (read_file("/proc/" + std::to_string(other.pid) + "/cmdline").find(word) !=
        std::string::npos)
      found.push_back(other.pid);
  return found;
}

}  // namespace

KERNEL_TEST_CASE("SIGKILL of tether ends an autokill child and leaves nothing") {
  check_child_dies_with_tether({"--autokill", "--nnp"}, probe("sleep"));
  check_child_dies_with_tether({"--autokill", "--nnp", "--setsid"}, probe("sleep"));
  check_child_dies_with_tether({"--autokill", "--nnp", "--setpgid"}, probe("sleep"));
  // A child deaf to all signals.
  check_child_dies_with_tether({"--autokill", "--nnp"}, probe("catch"));
}

KERNEL_TEST_CASE("SIGKILL of tether does not end a child without a tie") {
  OrphanCollector orphans;
  Running running(Words{"--print-pid"} + probe("sleep"));
  running.expect_output("ready");
  const pid_t child = running.child();
  running.send(SIGKILL);
  CHECK(eventually([child] { return status_of(child, "PPid") == std::to_string(::getpid()); }));
  CHECK(state_of(child).has_value());
  REQUIRE(::kill(child, SIGKILL) == 0);
  CHECK(orphans.is_gone(child));
}

KERNEL_TEST_CASE(
    "root needs no nnp for autokill and a change of credentials does not free the child") {
  SKIP_UNLESS(is_root(), "needs root");
  check_child_dies_with_tether({"--autokill"}, probe("sleep"));
  check_child_dies_with_tether({"--autokill"}, probe("setuid", {"65534"}));
  check_child_dies_with_tether({"--autokill", "--nnp"}, probe("setuid", {"65534"}));
}

KERNEL_TEST_CASE("a stopped child dies with tether too") {
  OrphanCollector orphans;
  Running running(Words{"--autokill", "--nnp", "--setsid", "--print-pid"} + probe("sleep"));
  running.expect_output("ready");
  const pid_t child = running.child();
  REQUIRE(::kill(child, SIGSTOP) == 0);
  CHECK(eventually([child] { return state_of(child) == 'T'; }));
  running.send(SIGKILL);
  CHECK(orphans.is_gone(child));
}

KERNEL_TEST_CASE("no watchdog is left when the child has ended") {
  OrphanCollector orphans;
  for (const Words& ours :
       {Words{"--autokill", "--nnp"}, Words{"--autokill", "--nnp", "--setsid"}}) {
    CHECK(run(ours + probe("exit", {"0"})).exit_code == 0);
    CHECK(run(ours + Words{"/no/such"}).exit_code == 127);
    // Orphans come to this process: there is none, not even a zombie.
    CHECK(::waitpid(-1, nullptr, WNOHANG | __WALL) == -1);
  }
}

KERNEL_TEST_CASE("a watchdog that is killed is replaced") {
  SKIP_UNLESS(is_root(), "needs root");
  SKIP_UNLESS(!kernel_has_flags(), "the kernel itself ends the child here");
  OrphanCollector orphans;
  Running running(Words{"--autokill", "--print-pid"} + probe("setuid", {"65534"}));
  running.expect_output("ready");
  const pid_t child = running.child();
  // By its title, which it has once it watches.
  const std::string title = "watchdog of " + std::to_string(child);
  const auto watchdog = [&]() -> pid_t {
    for (const tether::Relative& each : tether::children_of(running.pid()))
      if (std::string(read_file("/proc/" + std::to_string(each.pid) + "/cmdline").c_str()) == title)
        return each.pid;
    return 0;
  };
  pid_t first = 0;
  REQUIRE(eventually([&] { return (first = watchdog()) != 0; }));
  REQUIRE(::kill(first, SIGKILL) == 0);
  CHECK(eventually([&] {
    const pid_t now = watchdog();
    return now != 0 && now != first;
  }));
  CHECK(state_of(child).has_value());
  running.send(SIGKILL);
  CHECK(orphans.is_gone(child));
}

KERNEL_TEST_CASE("a kill by a word of tether's command line leaves no COMMAND behind") {
  SKIP_UNLESS(is_root(), "needs root");
  OrphanCollector orphans;
  const TemporaryDirectory directory;
  const std::string word = directory.path();
  // COMMAND's own command line is without it, and its new uid has cleared the parent-death signal.
  Running running(
      Words{"--autokill", "--print-pid", "--chdir=" + word} + probe("setuid", {"65534"}),
      kernel_has_flags() ? filtered("clone3=ENOSYS") : Setup{});
  running.expect_output("ready");
  const pid_t child = running.child();
  const std::vector<pid_t> named = processes_named_by(word);
  CHECK(named == std::vector<pid_t>{running.pid()});
  for (const pid_t pid : named) REQUIRE(::kill(pid, SIGKILL) == 0);
  CHECK(orphans.is_gone(child));
}

KERNEL_TEST_CASE("autokill without nnp is refused to a caller without the capability") {
  const Setup setup = is_root() ? as_user(1000) : Setup{};
  const Finished finished = run(Words{"--autokill", "--json"} + probe("exit", {"0"}), setup);
  CHECK(finished.exit_code == 125);
  CHECK(
      finished.err.rfind("tether: --autokill needs --nnp, or CAP_SYS_ADMIN in the user namespace\n"
                         "tether: hint: add --nnp; ",
                         0) == 0);
  CHECK(finished.record("start").is_null());
  CHECK(finished.record("error").at("stage") == "privilege");
  CHECK(finished.record("error").at("errno") == "EPERM");
}

KERNEL_TEST_CASE(
    "a COMMAND with file capabilities gets a watchdog where the kernel has no autokill") {
  SKIP_UNLESS(is_root(), "needs root");
  TemporaryDirectory directory;
  REQUIRE(::chmod(directory.path().c_str(), 0755) == 0);
  const std::string copy = directory.path("probe");
  std::filesystem::copy(tool("probe"), copy);
  const unsigned char capability[20] = {1, 0, 0, 2, 0, 0x20};
  if (::setxattr(copy.c_str(), "security.capability", capability, sizeof capability, 0) != 0)
    return;
  const Json start =
      run({"--autokill", "--nnp", "--json", copy, "exit", "0"}, as_user(1000)).record("start");
  CHECK(start.at("guarantees").at("autokill") == (kernel_has_flags() ? "kernel" : "keeper"));
  check_child_dies_with_tether({"--autokill", "--nnp"}, {copy, "sleep"}, as_user(1000));
}
