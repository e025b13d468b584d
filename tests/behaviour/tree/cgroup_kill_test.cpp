// The end of everything in a cgroup, and the watch over it: what tether does by its own class, here
// in the test's process.
#include <doctest/doctest.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "cgroups.hpp"
#include "services.hpp"
#include "sys/cgroup.hpp"

using namespace tether::test;
using tether::Cgroup;
using tether::Status;

namespace {

Cgroup opened(const std::string& path) {
  auto result = Cgroup::open_or_make(path);
  REQUIRE(result.ok());
  return std::move(result.value());
}

// Left behind in the cgroup and below it: sleepers with sessions of their own, some of them deaf.
void leave_sleepers(const CgroupPlace& place, int count) {
  const std::string script = "mkdir " + place.path("below") + "; i=0; while [ $i -lt " +
                             std::to_string(count) +
                             " ]; do i=$((i+1)); if [ $((i%2)) = 0 ]; then sh -c 'echo 0 > " +
                             place.path("below") + "/cgroup.procs; exec " + tool("probe") +
                             " stop'; else " + tool("probe") + " catch; fi >/dev/null 2>&1 & done";
  const Finished finished = run(place.option() + Words{"-q", "--setsid", "sh", "-c", script});
  REQUIRE(finished.exit_code == 0);
}

// One that forks on and on, each of them short-lived.
void leave_comets(const CgroupPlace& place) {
  const std::string script =
      "comet() { while :; do (exec true) & wait; done; }; comet & comet & comet & exit 0";
  REQUIRE(run(place.option() + Words{"-q", "sh", "-c", script + " >/dev/null 2>&1"}).exit_code ==
          0);
}

using Kill = Status (Cgroup::*)() const;
constexpr Kill ways[] = {&Cgroup::kill, &Cgroup::kill_one_by_one};

}  // namespace

KERNEL_TEST_CASE("everything in a cgroup and below it is ended either way") {
  const auto suite = cgroups_of_suite();
  SKIP_UNLESS(suite, "this user may make no cgroup here");
  for (const Kill way : ways) {
    const CgroupPlace place(*suite);
    place.make();
    leave_sleepers(place, 6);
    const Cgroup cgroup = opened(place.path());
    REQUIRE(eventually([&] { return cgroup.members().size() == 6; }));
    CHECK(cgroup.is_populated());
    const std::vector<pid_t> members = cgroup.members();
    for (const pid_t pid : members) CHECK(cgroup.contains(pid));
    CHECK((cgroup.*way)().ok());
    CHECK(cgroup.wait_until_empty(std::chrono::minutes(5)));
    for (const pid_t pid : members) CHECK(OrphanCollector().is_gone(pid));
    CHECK(cgroup.members().empty());
    CHECK(place.read("cgroup.events").find("frozen 0") != std::string::npos);
  }
}

KERNEL_TEST_CASE("what forks all the time is ended either way") {
  const auto suite = cgroups_of_suite();
  SKIP_UNLESS(suite, "this user may make no cgroup here");
  for (const Kill way : ways) {
    const CgroupPlace place(*suite);
    place.make();
    leave_comets(place);
    const Cgroup cgroup = opened(place.path());
    REQUIRE(cgroup.is_populated());
    CHECK((cgroup.*way)().ok());
    CHECK(cgroup.wait_until_empty(std::chrono::minutes(5)));
    CHECK(OrphanCollector().all_are_gone());
    CHECK(cgroup.members().empty());
  }
}

KERNEL_TEST_CASE("a cgroup that this process is in is never killed") {
  const auto suite = cgroups_of_suite();
  SKIP_UNLESS(suite, "this user may make no cgroup here");
  const CgroupPlace place(*suite);
  place.make().make("below");
  const pid_t pid = ::fork();
  if (pid == 0) {
    auto cgroup = Cgroup::open_or_make(place.path());
    const bool moved = place.write("below/cgroup.procs", "0");
    const bool refused =
        cgroup.ok() && !cgroup.value().kill().ok() && !cgroup.value().check_free_of_others().ok();
    ::_exit(moved && refused ? 7 : 1);
  }
  int status = 0;
  REQUIRE(::waitpid(pid, &status, 0) == pid);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 7);
}

KERNEL_TEST_CASE("strangers in a cgroup are seen and an empty one is free") {
  const auto suite = cgroups_of_suite();
  SKIP_UNLESS(suite, "this user may make no cgroup here");
  const CgroupPlace place(*suite);
  place.make();
  const Cgroup cgroup = opened(place.path());
  CHECK(cgroup.check_free_of_others().ok());
  CHECK_FALSE(cgroup.was_made());
  leave_sleepers(place, 1);
  const Status checked = cgroup.check_free_of_others();
  REQUIRE_FALSE(checked.ok());
  CHECK(checked.failure().path == place.path());
  CHECK(checked.failure().detail == "there are processes in it that tether has not started");
  CHECK_FALSE(cgroup.contains(::getpid()));
}

KERNEL_TEST_CASE("a cgroup that was just left is free again") {
  const auto suite = cgroups_of_suite();
  SKIP_UNLESS(suite, "this user may make no cgroup here");
  const CgroupPlace place(*suite);
  place.make();
  const Cgroup cgroup = opened(place.path());
  for (int i = 0; i < 20; ++i) {
    CHECK(run(place.option() + probe("exit", {"0"})).exit_code == 0);
    CHECK(cgroup.check_free_of_others().ok());
  }
}

// A service manager hands over cgroup.procs, not cgroup.kill and cgroup.freeze.
KERNEL_TEST_CASE(
    "in a delegated directory a user ends what is that user's and is told of the rest") {
  const auto suite = cgroups_of_suite();
  SKIP_UNLESS(suite, "this user may make no cgroup here");
  SKIP_UNLESS(is_root(), "needs root");
  for (const std::string uid : {"1000", "0"}) {
    CAPTURE(uid);
    const CgroupPlace place(*suite);
    place.make();
    place.delegate("", 1000);
    const Words sleeper{"sh", "-c",
                        tool("as-user") + " " + uid + " " + tool("probe") + " sleep >/dev/null &"};
    REQUIRE(run(place.option() + Words{"-q"} + sleeper).exit_code == 0);
    const pid_t member = opened(place.path()).members().at(0);
    REQUIRE(eventually([&] { return runs(member, tool("probe")); }));
    const pid_t pid = ::fork();
    if (pid == 0) {
      if (::setresuid(1000, 1000, 1000) != 0) ::_exit(95);
      const auto cgroup = Cgroup::open_or_make(place.path());
      const Status killed = cgroup.value().kill();
      ::_exit(killed.ok() ? 0 : killed.failure().error_number);
    }
    int status = 0;
    REQUIRE(::waitpid(pid, &status, 0) == pid);
    CHECK(WEXITSTATUS(status) == (uid == "0" ? EPERM : 0));
    CHECK(is_alive(member) == (uid == "0"));
  }
}

KERNEL_TEST_CASE("the end of the last process in a cgroup is an event") {
  const auto suite = cgroups_of_suite();
  SKIP_UNLESS(suite, "this user may make no cgroup here");
  const CgroupPlace place(*suite);
  Cgroup cgroup = opened(place.path());
  CHECK(cgroup.was_made());
  CHECK_FALSE(cgroup.is_populated());
  Running running(place.option() + Words{"--print-pid"} + probe("sleep"));
  const pid_t child = running.child();
  REQUIRE(cgroup.is_populated());
  pollfd changed{cgroup.events_fd(), POLLPRI, 0};
  CHECK(::poll(&changed, 1, 0) == 0);
  REQUIRE(::kill(child, SIGKILL) == 0);
  CHECK(::poll(&changed, 1, 30000) == 1);
  CHECK(eventually([&] { return !cgroup.is_populated(); }));
  CHECK(running.wait().exit_code == 137);
  // Not tether's to remove, as it was there; ours it is.
  CHECK(exists(place.path()));
  CHECK(cgroup.remove().ok());
  CHECK_FALSE(exists(place.path()));
  CHECK(cgroup.remove().ok());
}
