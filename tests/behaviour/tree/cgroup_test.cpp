// A child in a cgroup of its own: made, measured, removed.
#include <doctest/doctest.h>
#include <unistd.h>

#include <csignal>

#include "cgroups.hpp"
#include "gate.hpp"
#include "keeper.hpp"

using namespace tether::test;

namespace {

// 300 ms of CPU time in a process that nobody waits for; COMMAND ends when it is done.
Words burn_unwaited(const TemporaryDirectory& directory) {
  return {"sh", "-c",
          "mkfifo " + directory.path("done") + "; (" + tool("probe") + " burn 150; echo > " +
              directory.path("done") + ") & exec cat " + directory.path("done")};
}

// Ways to be put there: by the clone, and by the child itself where clone3 is filtered.
const char* const filters[] = {"", "clone3=ENOSYS", "clone3=EPERM,clone-pidfd=EPERM"};

Setup under(const std::string& rules) {
  return rules.empty() ? Setup{} : filtered(rules);
}

}  // namespace

KERNEL_TEST_CASE("a cgroup is made for the child and removed after it") {
  const auto suite = cgroups_of_suite();
  SKIP_UNLESS(suite, "this user may make no cgroup here");
  for (const std::string rules : filters) {
    CAPTURE(rules);
    const CgroupPlace place(*suite);
    const Finished finished = run(place.option() + say_cgroup(), under(rules));
    CHECK(finished.exit_code == 0);
    CHECK(finished.out == name_of(place) + "\n");
    CHECK(finished.err.empty());
    CHECK_FALSE(exists(place.path()));
  }
}

KERNEL_TEST_CASE("a cgroup that was there stays") {
  const auto suite = cgroups_of_suite();
  SKIP_UNLESS(suite, "this user may make no cgroup here");
  const CgroupPlace place(*suite);
  place.make();
  CHECK(run(place.option() + say_cgroup()).out == name_of(place) + "\n");
  CHECK(run({"--cgroup=" + place.path() + "/", "/no/such"}).exit_code == 127);
  CHECK(exists(place.path()));
}

KERNEL_TEST_CASE("the name of a cgroup is relative to where tether was called") {
  const auto suite = cgroups_of_suite();
  SKIP_UNLESS(suite, "this user may make no cgroup here");
  const CgroupPlace place(*suite);
  Setup there;
  there.before_exec = [&suite] { (void)!::chdir(suite->c_str()); };
  const Words ours{"--cgroup=" + name_of(place), "--chdir=/", "--json"};
  const Finished finished = run(ours + say_cgroup(), there);
  CHECK(finished.out.find(name_of(place) + "\n") != std::string::npos);
  CHECK(finished.record("exit").at("cgroup") == canonical(*suite) + "/" + name_of(place));
  CHECK_FALSE(exists(place.path()));
}

KERNEL_TEST_CASE("what nobody waited for is in the times of a cgroup") {
  const auto suite = cgroups_of_suite();
  SKIP_UNLESS(suite, "this user may make no cgroup here");
  for (const Words& tie : {Words{}, Words{"--autoreap"}, Words{"--autokill", "--nnp"}}) {
    CAPTURE(joined(tie));
    const CgroupPlace place(*suite);
    const TemporaryDirectory directory;
    const Finished finished =
        run(place.option() + tie + Words{"--json"} + burn_unwaited(directory));
    const Json exit = finished.record("exit");
    CHECK(exit.at("usage_from") == "cgroup");
    CHECK(exit.at("cgroup") == canonical(*suite) + "/" + name_of(place));
    CHECK(cpu_seconds(exit) > 0.12);
    // Only a wait tells of one process's memory.
    const Json autoreap = finished.record("start").at("guarantees").at("autoreap");
    CHECK(exit.at("max_rss_kib").is_null() == (autoreap == "kernel"));
    CHECK_FALSE(exists(place.path()));
  }
}

KERNEL_TEST_CASE("of a cgroup that was there only what is used from the start on counts") {
  const auto suite = cgroups_of_suite();
  SKIP_UNLESS(suite, "this user may make no cgroup here");
  const CgroupPlace place(*suite);
  place.make();
  const Words ours = place.option() + Words{"--json"};
  CHECK(cpu_seconds(run(ours + probe("burn", {"250"})).record("exit")) > 0.2);
  CHECK(cpu_seconds(run(ours + probe("exit", {"0"})).record("exit")) < 0.2);
}

KERNEL_TEST_CASE("peaks are those of the controllers or null without them") {
  const auto suite = cgroups_of_suite();
  SKIP_UNLESS(suite, "this user may make no cgroup here");
  const CgroupPlace place(*suite);
  place.make();
  const bool has_memory = exists(place.path("memory.peak"));
  const bool has_pids = exists(place.path("pids.peak"));
  // What the machine is set up with must be seen.
  if (is_in_vm() && kernel_is_at_least(6, 1)) REQUIRE((has_memory && has_pids));
  const CgroupPlace fresh(*suite);
  const Json exit =
      run(fresh.option() + Words{"--json", "sh", "-c", "cat /dev/null | cat | cat"}).record("exit");
  if (has_memory) CHECK(exit.at("memory_peak_bytes") > 4096);
  if (has_pids) CHECK(exit.at("pids_peak") >= 2);
  CHECK(exit.at("memory_peak_bytes").is_null() == !has_memory);
  CHECK(exit.at("pids_peak").is_null() == !has_pids);
}

KERNEL_TEST_CASE("a peak from before the start is not the child's") {
  const auto suite = cgroups_of_suite();
  SKIP_UNLESS(suite, "this user may make no cgroup here");
  const CgroupPlace place(*suite);
  place.make();
  SKIP_UNLESS(exists(place.path("memory.peak")) && exists(place.path("pids.peak")),
              "this kernel or this machine counts no peaks");
  const Words ours = place.option() + Words{"--json"};
  // 5 MiB in a buffer, and five processes.
  const Words big{"sh", "-c",
                  "dd if=/dev/zero of=/dev/null bs=5M count=1 2>/dev/null; "
                  "cat /dev/null | cat | cat | cat"};
  const Json first = run(ours + big).record("exit");
  CHECK(first.at("memory_peak_bytes") > 4194304);
  CHECK(first.at("pids_peak") > 2);
  const Json second = run(ours + probe("exit", {"0"})).record("exit");
  CHECK(second.at("pids_peak").is_null());
  // From Linux 6.12 on a reader can have a peak of its own.
  const Json& memory = second.at("memory_peak_bytes");
  CHECK((memory.is_null() || memory < 4194304));
  CHECK(memory.is_null() == !kernel_is_at_least(6, 12));
}

KERNEL_TEST_CASE("a controller that is not delegated is named and nothing is enabled for it") {
  const auto suite = cgroups_of_suite();
  SKIP_UNLESS(suite, "this user may make no cgroup here");
  const CgroupPlace place(*suite);
  place.make();
  const Finished finished = run({"-v", "--json", "--cgroup=" + place.path("below"), "true"});
  CHECK(finished.exit_code == 0);
  const std::string refusal =
      " is not delegated by '" + canonical(place.path()) + "/cgroup.subtree_control'";
  for (const char* controller : {"memory", "pids"})
    CHECK(finished.err.find(std::string("controller ").append(controller).append(refusal)) !=
          std::string::npos);
  CHECK(finished.record("exit").at("memory_peak_bytes").is_null());
  CHECK(finished.record("exit").at("pids_peak").is_null());
  CHECK(place.read("cgroup.subtree_control").find_first_not_of('\n') == std::string::npos);
  CHECK_FALSE(exists(place.path("below")));
}

TEST_CASE("what COMMAND leaves in its cgroup stays there and is said") {
  const auto suite = cgroups_of_suite();
  SKIP_UNLESS(suite, "this user may make no cgroup here");
  for (const bool quiet : {false, true}) {
    const CgroupPlace place(*suite);
    const Words leave{"sh", "-c", tool("probe") + " sleep >/dev/null 2>&1 & exit 3"};
    const Finished finished = run(place.option() + Words{quiet ? "-q" : "-w"} + leave);
    CHECK(finished.exit_code == 3);
    const std::string line =
        "tether: cgroup '" + place.path() + "' stays: a process is left in it\n";
    CHECK(finished.err == (quiet ? "" : line));
    CHECK(exists(place.path()));
  }
}

KERNEL_TEST_CASE("directories that COMMAND made below go with its cgroup") {
  const auto suite = cgroups_of_suite();
  SKIP_UNLESS(suite, "this user may make no cgroup here");
  const CgroupPlace place(*suite);
  const Finished finished =
      run(place.option() + Words{"mkdir", "-p", place.path("a/b/c"), place.path("d")});
  CHECK(finished.exit_code == 0);
  CHECK(finished.err.empty());
  CHECK_FALSE(exists(place.path()));
}

KERNEL_TEST_CASE("a start that fails leaves no cgroup behind") {
  const auto suite = cgroups_of_suite();
  SKIP_UNLESS(suite, "this user may make no cgroup here");
  for (const std::string rules : filters) {
    CAPTURE(rules);
    for (const Words& ours :
         {Words{}, Words{"--autoreap"}, Words{"--status-file=/dev/null"}, Words{"-d"}}) {
      CAPTURE(joined(ours));
      const CgroupPlace place(*suite);
      const Finished finished = run(place.option() + ours + Words{"/no/such"}, under(rules));
      CHECK(finished.exit_code == 127);
      CHECK_FALSE(exists(place.path()));
    }
  }
}

KERNEL_TEST_CASE("a start that is given up at the gate leaves no cgroup behind") {
  const auto suite = cgroups_of_suite();
  SKIP_UNLESS(suite, "this user may make no cgroup here");
  for (const int signal : {SIGTERM, SIGINT}) {
    const CgroupPlace place(*suite);
    const Gate gate;
    Running running(place.option() + Words{"--block-fd=9", "--json"} + probe("sleep"),
                    gate.setup());
    running.expect_output("\"spawned\"");
    CHECK(place.read("cgroup.procs") == std::to_string(running.child()) + "\n");
    running.send(signal);
    (void)running.wait();
    CHECK_FALSE(exists(place.path()));
  }
}

KERNEL_TEST_CASE("a keeper stays for a cgroup and sees to it") {
  const auto suite = cgroups_of_suite();
  SKIP_UNLESS(suite, "this user may make no cgroup here");
  const Cleanup cleanup;
  const CgroupPlace place(*suite);
  Setup there;
  there.before_exec = [&suite] { (void)!::chdir(suite->c_str()); };
  // No other option needs it.
  const Kept kept = keep({"--cgroup=" + name_of(place), "--", tool("probe"), "sleep"}, there);
  CHECK(place.read("cgroup.procs") == std::to_string(kept.child) + "\n");
  REQUIRE(::kill(kept.child, SIGTERM) == 0);
  CHECK(eventually([&] { return !exists(place.path()); }));
  CHECK(OrphanCollector().is_gone(kept.keeper));
}

KERNEL_TEST_CASE("a keeper records what was used in a cgroup that is gone by then") {
  const auto suite = cgroups_of_suite();
  SKIP_UNLESS(suite, "this user may make no cgroup here");
  const Cleanup cleanup;
  const TemporaryDirectory directory;
  const CgroupPlace place(*suite);
  const Words ours{"-dq", "--status-file=" + directory.path("status")};
  CHECK(run(ours + place.option() + burn_unwaited(directory)).exit_code == 0);
  const auto records = records_in(directory.path("status"), 2);
  CHECK_FALSE(exists(place.path()));
  CHECK(records[0].at("held_by") == "keeper");
  CHECK(records[1].at("usage_from") == "cgroup");
  CHECK(cpu_seconds(records[1]) > 0.12);
}

KERNEL_TEST_CASE("a dry run names the cgroup and the flag and makes nothing") {
  const auto suite = cgroups_of_suite();
  SKIP_UNLESS(suite, "this user may make no cgroup here");
  const CgroupPlace place(*suite);
  const Words ours = place.option() + Words{"--dry-run", "true"};
  const Json dry_run = run(Words{"--json"} + ours).record("dry-run");
  CHECK(dry_run.at("cgroup") == place.path());
  const bool has_clone3 = !sandbox_filters_clone3();
  CHECK((dry_run.at("flags").back() == "CLONE_INTO_CGROUP") == has_clone3);
  CHECK(run(ours).out.find("makes cgroup    " + place.path() + "\n") != std::string::npos);
  CHECK_FALSE(exists(place.path()));
  place.make();
  CHECK(run(ours).out.find("in cgroup       " + place.path() + "\n") != std::string::npos);
  CHECK(run({"--features", "--json"}).record("features").at("flags").at("CLONE_INTO_CGROUP") ==
        has_clone3);
}

KERNEL_TEST_CASE("strict has nothing against a cgroup") {
  const auto suite = cgroups_of_suite();
  SKIP_UNLESS(suite, "this user may make no cgroup here");
  for (const std::string rules : filters) {
    const CgroupPlace place(*suite);
    CHECK(run(place.option() + Words{"--strict"} + probe("exit", {"5"}), under(rules)).exit_code ==
          5);
  }
}
