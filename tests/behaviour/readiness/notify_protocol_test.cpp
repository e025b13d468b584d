// --notify=socket: what COMMAND and its helpers may say by sd_notify's protocol.
#include <doctest/doctest.h>

#include <chrono>
#include <csignal>

#include "detached.hpp"
#include "readiness.hpp"

using namespace tether::test;

TEST_CASE("EXTEND_TIMEOUT_USEC gives COMMAND more time") {
  using Clock = std::chrono::steady_clock;
  for (const std::string longer : {"20000000", "9223372036854775807"}) {
    CAPTURE(longer);
    const Services services;
    const Rein rein(services);
    Running running(
        Words{"-w", "--notify=socket", "--ready-timeout=1s", "--json"} +
        probe("notify", {"EXTEND_TIMEOUT_USEC=" + longer, "await:" + rein.path(), "READY=1"}));
    running.expect_output("\"start\"");
    const auto over = Clock::now() + std::chrono::milliseconds(1200);
    REQUIRE(eventually([&] { return Clock::now() > over; }));
    rein.let_go();
    expect_ready(running, {"-w"});
    CHECK(running.record("ready").at("after_s").get<double>() > 1);
  }
}

TEST_CASE("EXTEND_TIMEOUT_USEC does not make the time shorter") {
  // The second process stays when COMMAND ends.
  const Cleanup cleanup;
  Running running(Words{"-w", "--notify=socket", "--ready-timeout=20s", "--json"} +
                  probe("notify", {"EXTEND_TIMEOUT_USEC=1", "STATUS=going on", "fork", "READY=1"}));
  expect_ready(running, {"-w"});
}

KERNEL_TEST_CASE("what COMMAND says of itself is in the ready record and in the message") {
  const Finished ready =
      run(Words{"-d", "--notify=socket", "--json"} +
          probe("notify", {"STATUS=starting", "X_UNKNOWN=1\nSTATUS=at work: 1 \u00e4\nREADY=1\n"}));
  CHECK(ready.exit_code == 0);
  CHECK(ready.record("ready").at("status") == "at work: 1 \u00e4");
  end_all_children();
  for (const Words& mode : ready_modes) {
    CAPTURE(mode);
    const Finished failed =
        run(mode + Words{"--notify=socket"} +
            probe("notify", {"STATUS=no database", "READY=0", "ERRNO=2", "leave:3"}));
    CHECK(failed.exit_code == 3);
    CHECK(failed.err == "tether: '" + tool("probe") +
                            "' exited with status 3 before it was ready: No such file or "
                            "directory\ntether: hint: COMMAND reported 'no database'\n");
  }
}

TEST_CASE("a helper that has left already is heard") {
  for (const Words& mode : ready_modes) {
    CAPTURE(mode);
    Running running(mode + Words{"--notify=socket", "--json"} +
                    probe("notify", {"helper", "STATUS=by a helper", "READY=1"}));
    expect_ready(running, mode);
    CHECK(running.record("ready").at("status") == "by a helper");
  }
}

TEST_CASE("a helper that goes on to wait at a barrier gets over it") {
  for (const Words& mode : ready_modes)
    for (int round = 0; round < 5; ++round) {
      CAPTURE(mode);
      const Services services;
      const std::string script = tool("probe") + " notify READY=1 barrier leave:0; echo $? > " +
                                 services.path("barrier") + "; exec sleep 1000";
      Running running(mode + Words{"--notify=socket", "--json", "--", "/bin/sh", "-c", script});
      REQUIRE(eventually([&] { return first_word(services.path("barrier")) == "0"; }));
      expect_ready(running, mode);
    }
}

KERNEL_TEST_CASE("the keeper goes on with the record after COMMAND was ready") {
  const Services services;
  const std::string status = services.path("status");
  const Finished finished = run(Words{"-dq", "--notify=socket", "--status-file=" + status} +
                                probe("notify", {"READY=1", "STATUS=later", "helper", "READY=1"}));
  CHECK(finished.exit_code == 0);
  const auto records = [&] { return parse_records(read_file(status)); };
  REQUIRE(records().size() == 2);
  CHECK(records()[1].at("record") == "ready");
  const auto child = records()[1].at("pid").get<pid_t>();
  REQUIRE(::kill(child, SIGTERM) == 0);
  REQUIRE(eventually([&] { return records().back().at("record") == "exit"; }));
  CHECK(records().back().at("cause") == "command");
  CHECK(count_records(read_file(status), "ready") == 1);
}
