// The terminal's foreground, which tether shares with a child that has a process group of its own:
// a shell that brings tether to the foreground means the child.
#pragma once

#include <sys/types.h>

namespace tether {

class Foreground {
 public:
  // `terminal_fd` is where the child's group gets the foreground that we are given; -1 if it has
  // no such group. Stays the caller's.
  explicit Foreground(int terminal_fd) : terminal_fd_(terminal_fd) {}

  // True if it was our group's until now, and could be `child`'s.
  [[nodiscard]] bool hand_on(pid_t child) const;
  [[nodiscard]] bool belongs_to(pid_t child) const;
  // True if it was `child`'s until now, and is ours.
  [[nodiscard]] bool take_back(pid_t child) const;
  // `child` was stopped by `signal`: we stop, too, until somebody continues us. False if it is to
  // be continued at once, as nobody else would do that.
  [[nodiscard]] bool stop_with(pid_t child, int signal) const;

 private:
  int terminal_fd_;
};

}  // namespace tether
