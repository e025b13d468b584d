#include "run/foreground.hpp"

#include <unistd.h>

#include <csignal>

#include "sys/signals.hpp"

namespace tether {

LentForeground::~LentForeground() {
  if (terminal_fd_ >= 0) (void)::tcsetpgrp(terminal_fd_, ::getpgrp());
}

bool Foreground::hand_on(pid_t child) const {
  return terminal_fd_ >= 0 && ::tcgetpgrp(terminal_fd_) == ::getpgrp() &&
         ::tcsetpgrp(terminal_fd_, child) == 0;
}

bool Foreground::belongs_to(pid_t child) const {
  return terminal_fd_ >= 0 && ::tcgetpgrp(terminal_fd_) == child;
}

bool Foreground::take_back(pid_t child) const {
  return belongs_to(child) && ::tcsetpgrp(terminal_fd_, ::getpgrp()) == 0;
}

// Where the child's own process group had the terminal, tether's group has not had what was typed
// there, and a script that runs tether would go on. Then tether's group gets the same signal.
bool Foreground::stop_with(pid_t child, int signal) const {
  // Some shells send no SIGCONT when they bring a job to the foreground that was not stopped. And
  // what a warden tells of may be over: the child may have got the terminal since.
  const bool wants_terminal = signal == SIGTTIN || signal == SIGTTOU;
  if (wants_terminal && (hand_on(child) || belongs_to(child))) return false;
  if (has_job_control()) {
    // SIGSTOP itself would stop tether in an orphaned process group too, where no shell continues
    // it.
    const int ours = signal == SIGSTOP ? SIGTSTP : signal;
    act_by_default(ours, take_back(child) ? Scope::group : Scope::process);
  }
  // After a stop, the SIGCONT that continued tether is pending. Without one tether was not stopped:
  // its process group is orphaned. The kernel would have discarded the child's SIGTSTP as well, if
  // the child were in that group: so the child goes on.
  const bool has_own_group = ::getpgid(child) != ::getpgrp();
  if (signal != SIGTSTP || !has_own_group || is_pending(SIGCONT)) return true;
  (void)hand_on(child);
  return false;
}

}  // namespace tether
