// The terminal's foreground, which tether shares with a child that has a process group of its own:
// a shell that brings tether to the foreground means the child.
#pragma once

#include <sys/types.h>

#include <utility>

namespace tether {

// The foreground that a child is given before its exec. Takes the foreground back for this
// process's group when it goes, unless the child was kept.
class LentForeground {
 public:
  // `terminal_fd` stays the caller's; -1 if nothing is lent.
  explicit LentForeground(int terminal_fd = -1) : terminal_fd_(terminal_fd) {}
  LentForeground(LentForeground&& other) noexcept
      : terminal_fd_(std::exchange(other.terminal_fd_, -1)) {}
  LentForeground& operator=(LentForeground&& other) noexcept {
    std::swap(terminal_fd_, other.terminal_fd_);
    return *this;
  }
  ~LentForeground();
  // The child runs, and keeps what it has.
  void forget() { terminal_fd_ = -1; }

 private:
  int terminal_fd_;
};

class Foreground {
 public:
  // `terminal_fd` is the terminal whose foreground the child's process group gets when tether's
  // group is given it; -1 if the child has no process group of its own. Stays the caller's.
  explicit Foreground(int terminal_fd) : terminal_fd_(terminal_fd) {}

  // Gives the foreground of tether's process group to that of `child`. False if tether's group did
  // not have the foreground, or the kernel refused.
  [[nodiscard]] bool hand_on(pid_t child) const;
  [[nodiscard]] bool belongs_to(pid_t child) const;
  // The reverse. False if the process group of `child` did not have the foreground.
  [[nodiscard]] bool take_back(pid_t child) const;
  // `child` was stopped by `signal`: stops this process as well, until a SIGCONT comes. False if
  // `child` has to be continued at once, because no other process would do that.
  [[nodiscard]] bool stop_with(pid_t child, int signal) const;

 private:
  int terminal_fd_;
};

}  // namespace tether
