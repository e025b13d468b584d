// --tree with --cgroup: all that is in it is ended, by whom and as whoever it runs.
#include <doctest/doctest.h>

#include <csignal>

#include "cgroups.hpp"
#include "services.hpp"
#include "tree.hpp"

using namespace tether::test;

KERNEL_TEST_CASE("what COMMAND leaves behind in a cgroup is ended, and the cgroup removed") {
  const auto suite = cgroups_of_suite();
  SKIP_UNLESS(suite, "this user may make no cgroup here");
  const CgroupPlace place(*suite);
  Family family;
  const Finished done = run(
      place.option() + Words{"--strict", "--tree", "-k50ms", "--json"} + family.command("leaver"),
      family.setup());
  CHECK(done.exit_code == 0);
  CHECK(done.err.empty());
  CHECK(family.is_gone_now());
  CHECK_FALSE(exists(place.path()));
  CHECK(done.record("start").at("guarantees").at("tree") == "cgroup");
  const Json exit = done.record("exit");
  CHECK(exit.at("usage_from") == "cgroup");
  CHECK(exit.at("leftover").get<int>() >= Family::others);
  CHECK(exit.at("survivors") == 0);
}

KERNEL_TEST_CASE("SIGKILL of either of the two ends what is in the cgroup") {
  const auto suite = cgroups_of_suite();
  SKIP_UNLESS(suite, "this user may make no cgroup here");
  for (const bool of_warden : {false, true}) {
    CAPTURE(of_warden);
    const CgroupPlace place(*suite);
    Family family;
    Running running(place.option() + Words{"--tree", "--json"} + family.command(), family.setup());
    REQUIRE(family.is_up());
    const pid_t warden = warden_of(running.child());
    REQUIRE(::kill(of_warden ? warden : running.pid(), SIGKILL) == 0);
    CHECK(family.is_gone());
    if (of_warden) CHECK(running.wait().record("exit").at("cause") == "holder");
  }
}

KERNEL_TEST_CASE("a tree is not started among strangers") {
  const auto suite = cgroups_of_suite();
  SKIP_UNLESS(suite, "this user may make no cgroup here");
  const CgroupPlace place(*suite);
  place.make();
  const TemporaryDirectory directory;
  Running stranger(place.option() + Words{"--"} + probe("sleep"));
  stranger.expect_output("ready\n");
  const Finished refused = run(place.option() + Words{"--tree", "--", "/bin/sh", "-c",
                                                      "echo ran > " + directory.path("out")});
  CHECK(refused.exit_code == 125);
  CHECK(refused.first_error_line().find(place.path()) != std::string::npos);
  CHECK_FALSE(exists(directory.path("out")));
  stranger.send(SIGTERM);
  CHECK(stranger.wait().exit_code == 128 + SIGTERM);
}
