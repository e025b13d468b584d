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

// Of a child whose own group had the terminal, our group has not had what was typed there: a script
// that runs us would go on. It gets the same.
bool Foreground::stop_with(pid_t child, int signal) const {
  // Some shells do not say so when they bring a job to the foreground that was not stopped.
  // And what a warden tells of may be over: the child has had the terminal since.
  const bool wants_terminal = signal == SIGTTIN || signal == SIGTTOU;
  if (wants_terminal && (hand_on(child) || belongs_to(child))) return false;
  if (has_job_control()) {
    // SIGSTOP itself would stop us in an orphaned group too, where nobody continues us.
    const int ours = signal == SIGSTOP ? SIGTSTP : signal;
    act_by_default(ours, take_back(child) ? Scope::group : Scope::process);
  }
  // What continued us is there to be read. Without it we were not stopped, as nobody could have
  // continued us; the kernel would have thrown the same away for the child, had it no group of its
  // own.
  const bool has_own_group = ::getpgid(child) != ::getpgrp();
  if (signal != SIGTSTP || !has_own_group || is_pending(SIGCONT)) return true;
  (void)hand_on(child);
  return false;
}

}  // namespace tether
