// The same thing very often: races show by number.
#include <doctest/doctest.h>

#include <chrono>
#include <csignal>
#include <cstdlib>

#include "harness.hpp"

using namespace tether::test;

namespace {

using Clock = std::chrono::steady_clock;

void spin_until(Clock::time_point moment) {
  while (Clock::now() < moment) {
  }
}

// Kills tether at moments spread over its whole start, and a little beyond. Whatever it had made by
// then comes to this process as an orphan, where a survivor would stay.
void kill_at_every_moment(const Words& ours, const Setup& setup) {
  CAPTURE(ours);
  const int moments = rounds(60);
  OrphanCollector orphans;
  const auto begin = Clock::now();
  {
    Running whole(ours + probe("sleep"), setup);
    whole.expect_output("ready");
  }
  const auto start_time = (Clock::now() - begin) * 5 / 4;
  REQUIRE(orphans.all_are_gone());
  for (int round = 0; round < moments; ++round) {
    const auto moment = Clock::now() + start_time * round / moments;
    Running running(ours + probe("sleep"), setup);
    spin_until(moment);
    running.send(SIGKILL);
    CAPTURE(round);
    REQUIRE(orphans.all_are_gone());
  }
}

}  // namespace

KERNEL_TEST_CASE("tether killed at any moment of its start leaves nothing behind") {
  kill_at_every_moment({"--autokill", "--nnp"}, {});
  kill_at_every_moment({"--autokill", "--nnp", "--setsid"}, {});
  TemporaryDirectory directory;
  kill_at_every_moment({"--autokill", "--nnp", "--status-file=" + directory.path("status")}, {});
  kill_at_every_moment({"--autokill", "--nnp"}, filtered("clone3=ENOSYS"));
  kill_at_every_moment({"--autokill", "--nnp"}, filtered("clone3=EPERM,clone-pidfd=EPERM"));
}

KERNEL_TEST_CASE("root's tether killed at any moment of its start leaves nothing behind") {
  SKIP_UNLESS(is_root(), "needs root");
  kill_at_every_moment({"--autokill"}, {});
  kill_at_every_moment({"--autokill", "--nnp"}, as_user(1000));
}

KERNEL_TEST_CASE("the status of an autoreaped child is right thousands of times") {
  SKIP_UNLESS(kernel_has_flags() || !is_in_vm(),
              "no child is reaped by this kernel: all are waited for");
  struct Case {
    Words command;
    int exit_code;
    const char* code;
  };
  const bool core_is_file = is_in_vm();
  const Case cases[] = {
      {probe("exit", {"7"}), 7, "exited"},
      {probe("kill", {"15"}), 128 + SIGTERM, "killed"},
      {probe("exit", {"0"}), 0, "exited"},
      {probe("dump"), 128 + SIGABRT, core_is_file ? "dumped" : nullptr},
  };
  TemporaryDirectory directory;
  // Where the kernel has no flags each is waited for like any child; in a virtual machine each
  // takes ten times as long.
  const int total = rounds(!kernel_has_flags() ? 400 : is_in_vm() ? 1000 : 4000);
  int wrong = 0;
  for (int round = 0; round < total; ++round) {
    const Case& each = cases[round % 4];
    const Finished finished =
        run(Words{"--autoreap", "--json", "-C", directory.path()} + each.command);
    // By the text alone: to hold thousands of records against the schema takes longer than to make
    // them, and other cases do that.
    const std::string code =
        each.code == nullptr ? "\"code\":" : "\"code\":\"" + std::string(each.code) + "\"";
    const bool right = finished.exit_code == each.exit_code &&
                       finished.out.find("\"record\":\"exit\"") != std::string::npos &&
                       finished.out.find(code) != std::string::npos;
    if (!right) {
      ++wrong;
      MESSAGE("round ", round, ": ", finished.exit_code, " ", finished.out, finished.err);
    }
  }
  CHECK(wrong == 0);
}
