// Runs between clone and exec: async-signal-safe calls only. No allocation, no stdio, no locks, no
// exceptions; the memory may be the parent's own (CLONE_VM), the stack is small.
#include "engine/child.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "sys/descriptors.hpp"

namespace tether {
namespace {

// Nobody sees it: the parent has the report.
constexpr int status_of_failed_child = 125;

ChildReport failed_at(Stage stage) noexcept {
  ChildReport report;
  report.failed = true;
  report.stage = stage;
  report.error_number = errno;
  return report;
}

// First of all, so that everything it does is counted there; 0 is whoever writes (cgroups(7)).
bool enter_cgroup(const ChildPlan& plan, ChildReport& report) noexcept {
  if (plan.cgroup_procs_fd < 0 || ::write(plan.cgroup_procs_fd, "0", 1) == 1) return true;
  report = failed_at(Stage::cgroup);
  return false;
}

bool enter_session_or_group(const ChildPlan& plan, ChildReport& report) noexcept {
  if (plan.new_session && ::setsid() < 0) {
    report = failed_at(Stage::session);
    return false;
  }
  // A session leader leads its group already, and setpgid refuses it (EPERM).
  if (plan.new_group && !plan.new_session && ::getpgrp() != ::getpid() && ::setpgid(0, 0) != 0) {
    report = failed_at(Stage::group);
    return false;
  }
  // SIGTTOU is blocked, so that a background process may do this (tcsetpgrp(3)).
  if (plan.terminal_fd >= 0 && ::tcsetpgrp(plan.terminal_fd, ::getpgrp()) != 0) {
    report = failed_at(Stage::terminal);
    return false;
  }
  return true;
}

// After every change of credentials (each clears the parent-death signal), and only then the look
// at the parent: it may have died before the signal was armed, and nobody would tell.
bool bind_to_parent(const ChildPlan& plan, ChildReport& report) noexcept {
  if (plan.no_new_privs && ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    report = failed_at(Stage::nnp);
    return false;
  }
  if (!plan.die_with_parent) return true;
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) {
    report = failed_at(Stage::bind);
    return false;
  }
  if (::getppid() != plan.parent) (void)::kill(::getpid(), SIGKILL);
  return true;
}

// The keeper opens our pidfd while we wait here, and watches before COMMAND runs.
bool meet_keeper(const ChildPlan& plan, ChildReport& report) noexcept {
  if (plan.keeper_fd < 0) return true;
  const pid_t pid = ::getpid();
  char answer = 0;
  ssize_t got = ::send(plan.keeper_fd, &pid, sizeof pid, MSG_NOSIGNAL);
  if (got == sizeof pid) got = ::recv(plan.keeper_fd, &answer, 1, 0);
  if (got == 1) return true;
  if (got == 0) errno = ECONNRESET;
  report = failed_at(Stage::keeper);
  return false;
}

void close_descriptors(const ChildPlan& plan) noexcept {
  if (!plan.close_descriptors) return;
  // Ours is close-on-exec and still needed; it is spared like the kept ones.
  const int ours = plan.control_fd >= 0 ? plan.control_fd : plan.own_error_fd;
  unsigned next = 3;
  bool ours_done = ours < 3;
  std::size_t i = 0;
  while (i < plan.kept_count || !ours_done) {
    const bool take_ours = !ours_done && (i == plan.kept_count || ours < plan.kept[i]);
    const auto spared = static_cast<unsigned>(take_ours ? ours : plan.kept[i]);
    if (take_ours) {
      ours_done = true;
    } else {
      ++i;
    }
    if (spared > next) close_between(next, spared - 1);
    if (spared >= next) next = spared + 1;
  }
  close_between(next, highest_fd);
}

// execvp(3)'s search, with the errors it goes on after; the paths were made before the clone, but
// for those that no system call would take.
void exec_first(const ChildPlan& plan) noexcept {
  bool denied = false;
  errno = ENAMETOOLONG;
  for (const char* const* path = plan.candidates; *path != nullptr; ++path) {
    (void)::execve(*path, plan.argv, plan.envp);
    if (errno == ENOEXEC) {
      plan.shell_argv[1] = *path;
      (void)::execve(plan.shell_argv[0], const_cast<char* const*>(plan.shell_argv), plan.envp);
      errno = ENOEXEC;
      return;
    }
    switch (errno) {
      case EACCES:
        denied = true;
        break;
      case ENOENT:
      case ENOTDIR:
      case ESTALE:
      case ENODEV:
      case ETIMEDOUT:
        break;
      default:
        return;
    }
  }
  if (denied) errno = EACCES;
}

// Every `to` is open already, if only as a placeholder, and so is none of our own descriptors.
bool redirect(const ChildPlan& plan, ChildReport& report) noexcept {
  for (std::size_t i = 0; i < plan.redirection_count; ++i) {
    const Redirection& redirection = plan.redirections[i];
    if (::dup2(redirection.from, redirection.to) >= 0) continue;
    report = failed_at(Stage::descriptor);
    return false;
  }
  // With 1, as setsid(1) does: the superuser may take it from another session (tty_ioctl(4)).
  if (plan.take_terminal && ::ioctl(STDIN_FILENO, TIOCSCTTY, 1) != 0) {
    report = failed_at(Stage::ctty);
    return false;
  }
  return true;
}

bool prepare(const ChildPlan& plan, ChildReport& report) noexcept {
  if (!enter_cgroup(plan, report) || !enter_session_or_group(plan, report) ||
      !redirect(plan, report))
    return false;
  if (plan.directory_fd >= 0 && ::fchdir(plan.directory_fd) != 0) {
    report = failed_at(Stage::directory);
    return false;
  }
  if (plan.set_umask) (void)::umask(plan.umask);
  if (plan.open_files != nullptr) (void)::setrlimit(RLIMIT_NOFILE, plan.open_files);
  return bind_to_parent(plan, report) && meet_keeper(plan, report);
}

void tell(const ChildPlan& plan, const ChildReport& report) noexcept {
  if (plan.shared_report != nullptr) {
    *plan.shared_report = report;
  } else {
    (void)::send(plan.control_fd, &report, sizeof report, MSG_NOSIGNAL);
  }
}

// Of this process: a signal handler has no other way to it.
const ChildPlan* own_plan = nullptr;

// Stopped before the exec it would be stopped unseen: until then the parent is suspended
// (CLONE_VFORK) or waits for that very exec. The parent sends the signal again to COMMAND.
void put_off_stop(int /*SIGTSTP*/) noexcept {
  if (own_plan->shared_report != nullptr) {
    own_plan->shared_report->stopped = true;
    return;
  }
  ChildReport report;
  report.stopped = true;
  tell(*own_plan, report);
}

void restore_dispositions(const ChildPlan& plan) noexcept {
  if (plan.ignore_hangup) ignore_signal(SIGHUP);
  if (plan.reset_signals) {
    reset_dispositions(plan.ignore_hangup ? SIGHUP : 0);
  } else {
    give_back_dispositions(plan.signals);
  }
}

void restore_mask(const ChildPlan& plan) noexcept {
  set_signal_mask(plan.reset_signals ? 0 : plan.signals.mask);
}

// False: the parent has gone or has changed its mind.
bool wait_for_the_word(const ChildPlan& plan) noexcept {
  if (plan.control_fd < 0) return true;
  char word = 0;
  ssize_t got = -1;
  do {
    got = ::recv(plan.control_fd, &word, 1, 0);
  } while (got < 0 && errno == EINTR);
  return got == 1;
}

void truncate_and_exec(const ChildPlan& plan) noexcept {
  for (std::size_t i = 0; i < plan.truncated_count; ++i) (void)!::ftruncate(plan.truncated[i], 0);
  exec_first(plan);
}

}  // namespace

void run_child(const ChildPlan& plan) noexcept {
  if (plan.parents_control_fd >= 0) (void)::close(plan.parents_control_fd);
  ChildReport report;
  if (!prepare(plan, report)) {
    tell(plan, report);
    ::_exit(status_of_failed_child);
  }
  close_descriptors(plan);
  restore_dispositions(plan);
  own_plan = &plan;
  catch_if_default(SIGTSTP, put_off_stop);
  // Said before the mask is given back: whatever ends the child from then on ends COMMAND.
  report.ready = true;
  tell(plan, report);
  restore_mask(plan);
  if (!wait_for_the_word(plan)) ::_exit(status_of_failed_child);
  truncate_and_exec(plan);
  tell(plan, failed_at(Stage::exec));
  ::_exit(status_of_failed_child);
}

void run_child_on_own_stack(void* plan) noexcept {
  run_child(*static_cast<const ChildPlan*>(plan));
}

ChildReport become_command(const ChildPlan& plan) noexcept {
  ChildReport report;
  if (!prepare(plan, report)) return report;
  close_descriptors(plan);
  restore_dispositions(plan);
  restore_mask(plan);
  truncate_and_exec(plan);
  return failed_at(Stage::exec);
}

}  // namespace tether
