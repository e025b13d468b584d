// The same thing very often: races show by number.
#include <doctest/doctest.h>

#include <csignal>
#include <cstdlib>

#include "harness.hpp"

using namespace tether::test;

// Skipped unless asked for (--no-skip): it has entries of its own, on two processors.
TEST_CASE("the status of an autoreaped child is right four thousand times" * doctest::skip()) {
  struct Case {
    Words command;
    int exit_code;
    const char* code;
  };
  const bool core_is_file = std::getenv("TETHER_VM") != nullptr;
  const Case cases[] = {
      {probe("exit", {"7"}), 7, "exited"},
      {probe("kill", {"15"}), 128 + SIGTERM, "killed"},
      {probe("exit", {"0"}), 0, "exited"},
      {probe("dump"), 128 + SIGABRT, core_is_file ? "dumped" : nullptr},
  };
  TemporaryDirectory directory;
  int wrong = 0;
  for (int round = 0; round < 4000; ++round) {
    const Case& each = cases[round % 4];
    const Finished finished =
        run(Words{"--autoreap", "--json", "-C", directory.path()} + each.command);
    const Json exit = finished.record("exit");
    const bool right = finished.exit_code == each.exit_code && exit.is_object() &&
                       (each.code == nullptr || exit.at("code") == each.code);
    if (!right) {
      ++wrong;
      MESSAGE("round ", round, ": ", finished.exit_code, " ", finished.out, finished.err);
    }
  }
  CHECK(wrong == 0);
}
