// Lets a process sleep until a child of its has ended or an event has come, without looking again
// and again: on an emulated processor looking is what costs.
#pragma once

#include <poll.h>

#include <chrono>
#include <csignal>

#include "sys/unique_fd.hpp"

namespace survivors {

class ChildBell {
 public:
  // Blocks SIGCHLD as long as it lives: programs that are started need reset_signals(). A child
  // that ended before is not rung for. Throws std::system_error.
  ChildBell();
  ~ChildBell();
  ChildBell(const ChildBell&) = delete;
  ChildBell& operator=(const ChildBell&) = delete;

  // Returns when a child has ended since the last call, when `other` has an event, or when `length`
  // has passed, whichever comes first. Reaps nothing.
  void wait(std::chrono::nanoseconds length, pollfd other = {-1, 0, 0});

 private:
  sigset_t before_{};
  tether::UniqueFd ended_;
};

}  // namespace survivors
