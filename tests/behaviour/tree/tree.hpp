// A family of processes that is hard to end, for the tests of what ends whole trees.
#pragma once

#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <string>

#include "detached.hpp"

namespace tether::test {

// Its members (tools/family.cpp) hold a pipe that was tether's descriptor 9: at its hang-up none of
// them lives, wherever it went.
class Family {
 public:
  static constexpr int line = 9;
  // With its child: beside that one in its group, one there that is deaf to SIGTERM, two leaders of
  // sessions, a daemon, and a comet that forks its successor all the time.
  static constexpr int others = 6;

  Family() {
    std::array<int, 2> ends{};
    REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
    ours_.reset(ends[0]);
    theirs_.reset(ends[1]);
  }
  [[nodiscard]] Setup setup(Setup setup = {}) const {
    setup.before_exec = [fd = theirs_.get(), before = setup.before_exec] {
      (void)::dup2(fd, line);
      if (before) before();
    };
    return setup;
  }
  // `role` "child" stays; "leaver" exits with 0 when the others are up.
  [[nodiscard]] Words command(const std::string& role = "child") const {
    return {"--", tool("family"), place(), role};
  }
  [[nodiscard]] std::string place() const { return directory_.path("family"); }
  [[nodiscard]] std::string path(const std::string& name) const { return directory_.path(name); }

  [[nodiscard]] bool is_up(const std::string& role = "child") const {
    return eventually([&] { return has_come_up(role); });
  }
  // Whether all members have been there, now or earlier.
  [[nodiscard]] bool has_come_up(const std::string& role = "child") const {
    for (const char* member :
         {role.c_str(), "group", "deaf", "session1", "session2", "daemon", "comet"})
      if (!exists(place() + "/up." + member)) return false;
    return true;
  }
  // Whether none is left, at this moment or soon. From here on this test holds nothing itself.
  bool is_gone_now() { return hangs_up_within(0); }
  bool is_gone() { return hangs_up_within(30000); }
  bool lives() { return !hangs_up_within(0); }

 private:
  bool hangs_up_within(int milliseconds) {
    theirs_.reset();
    pollfd watched{ours_.get(), 0, 0};
    return ::poll(&watched, 1, milliseconds) == 1;
  }

  TemporaryDirectory directory_;
  UniqueFd ours_;
  UniqueFd theirs_;
};

// Whose child COMMAND is.
inline pid_t warden_of(pid_t command) {
  return parent_of(command);
}

}  // namespace tether::test
