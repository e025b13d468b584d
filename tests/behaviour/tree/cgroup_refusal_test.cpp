// Directories that a child cannot be started in: what is said, and that nothing is left behind.
#include <doctest/doctest.h>
#include <unistd.h>

#include "cgroups.hpp"

using namespace tether::test;

namespace {

// The way by clone3, and the one by the child itself.
const char* const filters_of_clone[] = {"", "clone3=ENOSYS"};

// As user 1000, sitting in the directory `session`; only root can have that.
Setup delegated(const CgroupPlace& place, const std::string& session, const std::string& rules) {
  Setup setup = as_user(1000);
  if (!rules.empty()) setup.wrapper = setup.wrapper + filtered(rules).wrapper;
  setup.before_exec = [procs = place.path(session + "/cgroup.procs")] {
    const tether::UniqueFd fd(::open(procs.c_str(), O_WRONLY | O_CLOEXEC));
    if (!fd || ::write(fd.get(), "0", 1) != 1) ::_exit(95);
  };
  return setup;
}

void check_refused(const Finished& finished, const std::string& error, const std::string& hint) {
  CHECK(finished.exit_code == 125);
  CHECK(finished.err == "tether: " + error + "\ntether: hint: " + hint + "\n");
}

std::string not_delegated(const std::string& file) {
  return "not delegated: '" + canonical(file) + "' is not writable, and must be";
}

}  // namespace

KERNEL_TEST_CASE("what is no directory of cgroup v2 is refused and nothing is made there") {
  const TemporaryDirectory directory;
  const std::string hint = "/proc/mounts shows where that is mounted, as type cgroup2";
  for (const Words& more : {Words{}, Words{"--dry-run"}}) {
    check_refused(run(Words{"--cgroup=" + directory.path()} + more + Words{"true"}),
                  "cannot use cgroup '" + directory.path() + "': not a directory of cgroup v2",
                  hint);
    check_refused(run(Words{"--cgroup=" + directory.path("new")} + more + Words{"true"}),
                  "cannot use cgroup '" + directory.path() + "': not a directory of cgroup v2",
                  hint);
    CHECK_FALSE(exists(directory.path("new")));
    check_refused(run(Words{"--cgroup=" + directory.path("a/b")} + more + Words{"true"}),
                  "cannot use cgroup '" + directory.path("a") + "': No such file or directory",
                  "only the last directory of a path is made");
  }
  directory.write("file", "");
  const Finished finished = run({"--cgroup=" + directory.path("file"), "true"});
  CHECK(finished.err ==
        "tether: cannot use cgroup '" + directory.path("file") + "': Not a directory\n");
}

KERNEL_TEST_CASE("only the last directory of a path is made") {
  const auto suite = cgroups_of_suite();
  SKIP_UNLESS(suite, "this user may make no cgroup here");
  const CgroupPlace place(*suite);
  const Finished finished = run({"--json", "--cgroup=" + place.path("below"), "true"});
  CHECK(finished.exit_code == 125);
  CHECK(finished.record("error").at("stage") == "cgroup");
  CHECK(finished.record("error").at("errno") == "ENOENT");
  CHECK(finished.record("error").at("path") == place.path());
  CHECK_FALSE(exists(place.path()));
}

KERNEL_TEST_CASE("a cgroup with controllers enabled below is refused by their names") {
  const auto suite = cgroups_of_suite();
  SKIP_UNLESS(suite, "this user may make no cgroup here");
  const CgroupPlace place(*suite);
  place.make().make("leaf");
  // Not pids, which a threaded subtree can have as well. Elsewhere there may be none to enable.
  const bool is_enabled = place.write("cgroup.subtree_control", "+memory");
  if (is_in_vm()) REQUIRE(is_enabled);
  SKIP_UNLESS(is_enabled, "no controller can be enabled here");
  for (const std::string rules : filters_of_clone) {
    CAPTURE(rules);
    const Setup setup = rules.empty() ? Setup{} : filtered(rules);
    check_refused(
        run(place.option() + Words{"true"}, setup),
        "cannot use cgroup '" + place.path() + "': Device or resource busy",
        "its cgroup.subtree_control has 'memory', so processes can be in directories below "
        "it only");
    CHECK(run({"--cgroup=" + place.path("leaf"), "true"}, setup).exit_code == 0);
  }
}

KERNEL_TEST_CASE("a cgroup in a threaded subtree is refused and none is left there") {
  const auto suite = cgroups_of_suite();
  SKIP_UNLESS(suite, "this user may make no cgroup here");
  const CgroupPlace place(*suite);
  place.make().make("threads");
  REQUIRE(place.write("threads/cgroup.type", "threaded"));
  for (const std::string rules : filters_of_clone) {
    CAPTURE(rules);
    const Setup setup = rules.empty() ? Setup{} : filtered(rules);
    check_refused(
        run({"--cgroup=" + place.path("threads/job"), "true"}, setup),
        "cannot use cgroup '" + place.path("threads/job") + "': Operation not supported",
        "its cgroup.type is 'domain invalid': part of a threaded subtree, or next to one");
    CHECK_FALSE(exists(place.path("threads/job")));
  }
}

KERNEL_TEST_CASE("where no directory can be made the one above is named") {
  const auto suite = cgroups_of_suite();
  SKIP_UNLESS(suite, "this user may make no cgroup here");
  const CgroupPlace place(*suite);
  place.make().make("roots");
  // The same for root as another user, and for an ordinary one in what is root's.
  const std::string above = is_root() ? place.path("roots") : "/sys/fs/cgroup";
  SKIP_UNLESS(is_root() || is_in_vm(), "an ordinary user's cgroups are the machine's matter");
  const Setup setup = is_root() ? as_user(1000) : Setup{};
  for (const Words& more : {Words{}, Words{"--dry-run"}})
    check_refused(run(Words{"--cgroup=" + above + "/job"} + more + Words{"true"}, setup),
                  "cannot use cgroup '" + above + "/job': Permission denied",
                  "not delegated: '" + canonical(above) + "' is not writable for this user");
}

KERNEL_TEST_CASE("a user starts children where the subtree that tether sits in is delegated") {
  const auto suite = cgroups_of_suite();
  SKIP_UNLESS(suite, "this user may make no cgroup here");
  SKIP_UNLESS(is_root(), "needs root");
  const CgroupPlace place(*suite);
  place.make().make("session");
  place.delegate("", 1000);
  place.delegate("session", 1000);
  for (const std::string rules : filters_of_clone) {
    CAPTURE(rules);
    const Finished finished = run({"--cgroup=" + place.path("job"), "--json", "sh", "-c",
                                   "grep -c '/job$' /proc/self/cgroup"},
                                  delegated(place, "session", rules));
    CHECK(finished.err.empty());
    CHECK(finished.exit_code == 0);
    CHECK(finished.out.find("1\n") != std::string::npos);
    CHECK(finished.record("exit").at("usage_from") == "cgroup");
    CHECK_FALSE(exists(place.path("job")));
  }
}

KERNEL_TEST_CASE("a directory that is somebody else's is refused by its file") {
  const auto suite = cgroups_of_suite();
  SKIP_UNLESS(suite, "this user may make no cgroup here");
  SKIP_UNLESS(is_root(), "needs root");
  const CgroupPlace place(*suite);
  place.make().make("session").make("other");
  place.delegate("", 1000);
  place.delegate("session", 1000);
  for (const std::string rules : filters_of_clone) {
    CAPTURE(rules);
    check_refused(
        run({"--cgroup=" + place.path("other"), "true"}, delegated(place, "session", rules)),
        "cannot use cgroup '" + place.path("other") + "': Permission denied",
        not_delegated(place.path("other/cgroup.procs")));
  }
}

KERNEL_TEST_CASE("from outside a delegated subtree the file that is in the way is named") {
  const auto suite = cgroups_of_suite();
  SKIP_UNLESS(suite, "this user may make no cgroup here");
  SKIP_UNLESS(is_root(), "needs root");
  const CgroupPlace place(*suite);
  place.make().make("session").make("own");
  place.delegate("own", 1000);
  for (const std::string rules : filters_of_clone) {
    for (const std::string name : {"own", "own/job"}) {
      CAPTURE(rules);
      check_refused(
          run({"--cgroup=" + place.path(name), "true"}, delegated(place, "session", rules)),
          "cannot use cgroup '" + place.path(name) + "': Permission denied",
          not_delegated(place.path("cgroup.procs")));
    }
    CHECK_FALSE(exists(place.path("own/job")));
  }
}
