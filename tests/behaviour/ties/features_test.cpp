// What --features and --dry-run promise is what a start then finds.
#include <doctest/doctest.h>

#include <algorithm>
#include <sstream>

#include "cgroups.hpp"
#include "harness.hpp"

using namespace tether::test;

namespace {

Json features_in(const Setup& setup) {
  return run({"--features", "--json"}, setup).record("features");
}

bool has(const Json& list, const std::string& label) {
  return std::find(list.begin(), list.end(), label) != list.end();
}

std::string hint_of(const Finished& finished) {
  const std::string mark = "tether: hint: ";
  const std::size_t at = finished.err.find(mark);
  if (at == std::string::npos) return {};
  return finished.err.substr(at + mark.size(), finished.err.find('\n', at) - at - mark.size());
}

struct Place {
  const char* name;
  Setup setup;
};

// Sandboxes, and users.
std::vector<Place> places() {
  std::vector<Place> all = {{"here", {}},
                            {"clone3 filtered", filtered("clone3=ENOSYS")},
                            {"no namespaces", filtered("clone3=ENOSYS,clone-namespaces=EPERM")},
                            {"no mounts", filtered("mount=EPERM")},
                            {"only fork", filtered("clone3=ENOSYS,clone-pidfd=EINVAL")}};
  if (is_root()) all.push_back({"a user", as_user(1000)});
  return all;
}

}  // namespace

KERNEL_TEST_CASE("a PID namespace is permitted if and only if a start gets one") {
  for (const Place& place : places()) {
    CAPTURE(place.name);
    const Json features = features_in(place.setup);
    const Json& found = features.at("pid_namespaces");
    const Words ours{"--pid-namespace", "--json"};
    const Finished started = run(ours + probe("exit", {"0"}), place.setup);
    const Finished foretold = run(ours + Words{"--dry-run"} + probe("exit", {"0"}), place.setup);
    CHECK(found.at("permitted") == (started.exit_code == 0));
    CHECK(foretold.exit_code == started.exit_code);
    CHECK(has(features.at("trees"), "pid-namespace") == (started.exit_code == 0));
    if (started.exit_code == 0) {
      CHECK(found.at("reason").is_null());
      CHECK(foretold.record("dry-run").at("guarantees") ==
            started.record("start").at("guarantees"));
      continue;
    }
    CHECK(started.exit_code == 125);
    CHECK(foretold.err == started.err);
    if (!hint_of(started).empty()) CHECK(found.at("reason") == hint_of(started));
  }
}

KERNEL_TEST_CASE("a cgroup is delegated if and only if a child can be started beside tether") {
  for (const Place& place : places()) {
    CAPTURE(place.name);
    const Json features = features_in(place.setup);
    const Json& found = features.at("cgroup");
    CHECK(has(features.at("trees"), "cgroup") == found.at("delegated"));
    CHECK(found.at("reason").is_null() == found.at("delegated"));
    if (found.at("directory").is_null()) continue;
    const CgroupPlace cgroup(found.at("directory"));
    const Finished started = run(cgroup.option() + probe("exit", {"0"}), place.setup);
    CHECK(found.at("delegated") == (started.exit_code == 0));
    if (started.exit_code != 0) CHECK(found.at("reason") == hint_of(started));
  }
}

KERNEL_TEST_CASE("a tie and a detached child and a tree are met by what the features say") {
  for (const Place& place : places()) {
    CAPTURE(place.name);
    const Cleanup cleanup;
    const Json features = features_in(place.setup);
    const auto start = [&](const Words& ours) {
      return run(ours + Words{"--json"} + probe("exit", {"0"}), place.setup).record("start");
    };
    CHECK(start({"-t", "30"}).at("guarantees").at("supervisor") == features.at("supervisor"));
    CHECK(start({"-d", "--keep-fd=1"}).at("guarantees").at("autoreap") ==
          features.at("autoreap_detached"));
    CHECK(has(features.at("trees"), "subreaper"));
    CHECK(start({"--tree"}).at("guarantees").at("tree") == "subreaper");
  }
}

KERNEL_TEST_CASE("the features leave nothing behind") {
  const auto cgroup = own_cgroup();
  const auto directories = [&] {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(*cgroup))
      if (entry.is_directory()) ++count;
    return count;
  };
  const OrphanCollector orphans;
  const std::size_t before = cgroup ? directories() : 0;
  CHECK(run({"--features"}).exit_code == 0);
  if (cgroup) CHECK(directories() == before);
  CHECK(orphans.all_are_gone());
}

KERNEL_TEST_CASE("the features fit a terminal and name what a report of a fault needs") {
  for (const Place& place : places()) {
    CAPTURE(place.name);
    const Finished finished = run({"--features"}, place.setup);
    CHECK(finished.exit_code == 0);
    CHECK(finished.err.empty());
    std::istringstream lines(finished.out);
    for (std::string line; std::getline(lines, line);) {
      CAPTURE(line);
      CHECK(line.size() <= 80);
    }
    for (const char* row :
         {"tether  ", "kernel  ", "clone3  ", "sandbox  ", "caller  ", "PID namespaces  ",
          "cgroup v2  ", "autoreap  ", "autokill  ", "nnp  ", "tree  "}) {
      CAPTURE(row);
      CHECK(("\n" + finished.out).find(std::string("\n") + row) != std::string::npos);
    }
  }
  CHECK(run({"--features"}, filtered("mount=EPERM")).out.find("seccomp filter") !=
        std::string::npos);
}

KERNEL_TEST_CASE("the version names what the kernel has only when asked to say more") {
  const Finished plain = run({"--version"});
  const Finished verbose = run({"--version", "-v"});
  CHECK(std::count(plain.out.begin(), plain.out.end(), '\n') == 1);
  CHECK(verbose.out.rfind(plain.out, 0) == 0);
  CHECK(verbose.out.find("CLONE_AUTOREAP") != std::string::npos);
  CHECK(run({"-vV"}, filtered("clone3=ENOSYS")).out.find("answers ENOSYS") != std::string::npos);
}
