// A signal to the whole group, as a terminal sends it, at any moment of a start: both tether and
// what is to become COMMAND get it, and it is as if COMMAND had been there.
#include <doctest/doctest.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>

#include "detached.hpp"
#include "gate.hpp"
#include "harness.hpp"

using namespace tether::test;

namespace {

using std::chrono::microseconds;

// From before tether looks at signals until well after the exec.
constexpr microseconds first_moment{200};
constexpr microseconds last_moment{4000};
constexpr int moments = 30;

Setup in_own_group() {
  Setup setup;
  setup.output_to_null = true;
  setup.before_exec = [] { (void)::setpgid(0, 0); };
  return setup;
}

// `signal` to the group that `running` leads, that much after it leads it. Not asleep meanwhile: a
// sleep of this length is none.
void interrupt(const Running& running, int signal, microseconds later) {
  REQUIRE(eventually([&] { return ::getpgid(running.pid()) == running.pid(); }));
  const auto moment = std::chrono::steady_clock::now() + later;
  while (std::chrono::steady_clock::now() < moment) {
  }
  REQUIRE(::kill(-running.pid(), signal) == 0);
}

std::vector<Words> starts(const std::string& pidfile) {
  return {{}, {"--pidfile=" + pidfile}, {"--reset-signals"}, {"--tree"}};
}

template <typename Check>
void at_each_moment(const Check& check) {
  TemporaryDirectory directory;
  for (const Words& options : starts(directory.path("pid")))
    for (int i = 0; i < moments; ++i) {
      const microseconds moment = first_moment + (last_moment - first_moment) * i / moments;
      CAPTURE(joined(options));
      CAPTURE(moment.count());
      const Cleanup cleanup;
      Running running(options + probe("sleep"), in_own_group());
      check(running, moment);
      CHECK_FALSE(exists(directory.path("pid")));
    }
}

}  // namespace

TEST_CASE("a signal that ends a start ends it as it would end COMMAND") {
  for (const int signal : {SIGTERM, SIGINT})
    at_each_moment([signal](Running& running, microseconds moment) {
      interrupt(running, signal, moment);
      const Finished finished = running.wait();
      CAPTURE(finished.err);
      CHECK((finished.signal == signal || finished.exit_code == 128 + signal));
      CHECK(finished.err.empty());
    });
}

TEST_CASE("a stop during a start stops tether and COMMAND") {
  at_each_moment([](Running& running, microseconds moment) {
    interrupt(running, SIGTSTP, moment);
    CHECK(eventually([&] { return status_of(running.pid(), "State").rfind('T', 0) == 0; }));
    REQUIRE(::kill(-running.pid(), SIGCONT) == 0);
    REQUIRE(::kill(-running.pid(), SIGTERM) == 0);
    const Finished finished = running.wait();
    CHECK((finished.signal == SIGTERM || finished.exit_code == 128 + SIGTERM));
  });
}

TEST_CASE("a child that is stopped at the gate is stopped as COMMAND, when it runs") {
  const Cleanup cleanup;
  Gate gate;
  Setup setup = in_own_group();  // an orphaned one would not be stopped
  setup.output_to_null = false;
  setup.before_exec = [own_group = setup.before_exec, gate_at_9 = gate.setup().before_exec] {
    own_group();
    gate_at_9();
  };
  Running running(Words{"--block-fd=9", "--json"} + probe("sleep"), setup);
  running.expect_output("spawned");
  const pid_t child = running.child();
  REQUIRE(::kill(child, SIGTSTP) == 0);
  gate.open_by_byte();
  running.expect_output("\"start\"");
  CHECK(eventually([&] {
    return status_of(child, "Name") == "probe" && status_of(child, "State").rfind('T', 0) == 0;
  }));
}
