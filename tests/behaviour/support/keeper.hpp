// A detached child with a keeper, for the tests of either.
#pragma once

#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <vector>

#include "detached.hpp"

namespace tether::test {

struct Kept {
  Finished start;
  pid_t keeper = 0;
  pid_t child = 0;
};

// Starts `arguments` detached; a keeper is all that the caller has left then, and COMMAND is its.
inline Kept keep(const Words& arguments, const Setup& setup = {}) {
  Running running(Words{"-d", "--print-pid"} + arguments, setup);
  running.close_input();
  Kept kept;
  kept.child = running.child();
  kept.start = running.wait();
  INFO(kept.start.err);
  REQUIRE(kept.start.exit_code == 0);
  const auto left = children_of(::getpid());
  REQUIRE(left.size() == 1);
  kept.keeper = left[0];
  REQUIRE(kept.keeper != kept.child);
  REQUIRE(probe_sits(kept.child));
  return kept;
}

// The records in a file once there are `count`.
inline std::vector<Json> records_in(const std::string& path, std::size_t count) {
  REQUIRE(eventually([&] {
    const std::string text = read_file(path);
    return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) == count;
  }));
  return parse_records(read_file(path));
}

inline Words autokill() {
  return is_root() ? Words{"--autokill"} : Words{"--autokill", "--nnp"};
}

}  // namespace tether::test
