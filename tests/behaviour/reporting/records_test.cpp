// What the records say.
#include <doctest/doctest.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>

#include "harness.hpp"
#include "schema.hpp"

using namespace tether::test;

KERNEL_TEST_CASE("start and exit records have every field of the contract") {
  const Finished finished = run(Words{"--json"} + probe("exit", {"2"}));
  REQUIRE(finished.records.size() == 2);
  const Json& start = finished.records[0];
  const Json& exit = finished.records[1];
  CHECK(start.at("record") == "start");
  CHECK(start.at("command") == Json(probe("exit", {"2"})));
  CHECK(start.at("held_by") == "tether");
  CHECK(exit.at("record") == "exit");
  CHECK(exit.at("pid") == start.at("pid"));
  CHECK(exit.at("code") == "exited");
  CHECK(exit.at("status") == 2);
  CHECK(exit.at("signal").is_null());
  CHECK(exit.at("cause") == "command");
  CHECK(exit.at("usage_from") == "wait");
  CHECK(exit.at("exit_status") == 2);
}

KERNEL_TEST_CASE("a killed child and one that exited 137 are told apart") {
  const Json killed = run(Words{"--json"} + probe("kill", {"9"})).record("exit");
  const Json exited = run(Words{"--json"} + probe("exit", {"137"})).record("exit");
  CHECK(killed.at("exit_status") == exited.at("exit_status"));
  CHECK(killed.at("code") == "killed");
  CHECK(killed.at("signal") == "SIGKILL");
  CHECK(killed.at("status").is_null());
  CHECK(exited.at("code") == "exited");
  CHECK(exited.at("status") == 137);
}

KERNEL_TEST_CASE("a core dump is reported as one") {
  TemporaryDirectory directory;
  const Words ours{"--json", "-C", directory.path()};
  for (const Words& more : {Words{}, Words{"--autoreap"}}) {
    const Finished finished = run(ours + more + probe("dump"));
    CHECK(finished.exit_code == 128 + SIGABRT);
    const Json exit = finished.record("exit");
    CHECK(exit.at("signal") == "SIGABRT");
    // Whether there is a core depends on core_pattern; in the virtual machine it is a file.
    if (is_in_vm()) CHECK(exit.at("code") == "dumped");
  }
}

KERNEL_TEST_CASE("arguments that are not UTF-8 become replacement characters in the record only") {
  const std::string odd = "caf\xe9 \xff\xfe \xc3\xa4";
  const Finished finished = run(Words{"--json"} + probe("args", {odd}));
  CHECK(finished.record("start").at("command").at(2) == "caf\ufffd \ufffd\ufffd \u00e4");
  CHECK(finished.out.find("636166e920fffe20c3a4\n") != std::string::npos);
}

TEST_CASE("a long command is cut in the record and whole for the child") {
  TemporaryDirectory directory;
  const Words ours{"--status-file=" + directory.path("status")};
  Words words;
  for (int i = 0; i < 1000; ++i) words.push_back("argument-" + std::to_string(i));
  const Finished finished = run(ours + probe("args", words));
  CHECK(std::count(finished.out.begin(), finished.out.end(), '\n') == 1000);
  const Json start = parse_records(read_file(directory.path("status"))).at(0);
  CHECK(start.at("command_truncated") == true);
  CHECK(start.at("command").at(2) == "argument-0");
  const Finished huge = run(Words{"--json"} + probe("exit", {"0", std::string(100000, '\x01')}));
  CHECK(huge.record("start").at("command_truncated") == true);
}

KERNEL_TEST_CASE(
    "the times of a busy child are exact when it is waited for and a lower bound when sampled") {
  const Json exact = run(Words{"--json"} + probe("burn", {"150"})).record("exit");
  CHECK(exact.at("usage_from") == "wait");
  CHECK(exact.at("user_s").get<double>() + exact.at("system_s").get<double>() >= 0.15);
  CHECK(exact.at("max_rss_kib") > 0);
  const Json sampled = run(Words{"--json", "--autoreap"} + probe("burn", {"150"})).record("exit");
  CHECK(sampled.at("usage_from") == (kernel_has_flags() ? "sampled" : "wait"));
  CHECK(sampled.at("user_s").get<double>() + sampled.at("system_s").get<double>() > 0.07);
  CHECK(sampled.at("max_rss_kib") > 0);
}

KERNEL_TEST_CASE("the schema refuses records that tether does not write") {
  const Json good = run(Words{"--json"} + probe("exit", {"0"})).record("exit");
  REQUIRE(violations(good).empty());
  Json bad = good;
  bad["cause"] = "weather";
  CHECK_FALSE(violations(bad).empty());
  bad = good;
  bad["unheard_of"] = 1;
  CHECK_FALSE(violations(bad).empty());
  bad = good;
  bad.erase("elapsed_s");
  CHECK_FALSE(violations(bad).empty());
  bad = good;
  bad["code"] = "killed";  // without a signal
  CHECK_FALSE(violations(bad).empty());
}
