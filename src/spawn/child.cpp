// Runs between clone and exec, without libc (see sys/raw_calls.hpp): no allocation, no locks, no
// exceptions, no errno; the memory may be the parent's own (CLONE_VM), the stack is small.
#include "spawn/child.hpp"

#include <linux/prctl.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "sys/raw_calls.hpp"

namespace tether {
namespace {

// The parent ignores this status and goes by the report.
constexpr int status_of_failed_child = 125;

ChildReport failed_at(Stage stage, long result) noexcept {
  ChildReport report;
  report.failed = true;
  report.stage = stage;
  report.error_number = static_cast<int>(-result);
  return report;
}

// Whether a step succeeded; if not, `report` tells.
bool went_well(long result, Stage stage, ChildReport& report) noexcept {
  if (result >= 0) return true;
  report = failed_at(stage, result);
  return false;
}

// Comes first, so that the cgroup counts what the other steps use. "0" is the process that writes
// (cgroups(7)).
bool enter_cgroup(const ChildPlan& plan, ChildReport& report) noexcept {
  return plan.cgroup_procs_fd < 0 ||
         went_well(raw::write(plan.cgroup_procs_fd, "0", 1), Stage::cgroup, report);
}

bool enter_session_or_group(const ChildPlan& plan, ChildReport& report) noexcept {
  if (plan.new_session && !went_well(raw::new_session(), Stage::session, report)) return false;
  // A session leader leads its process group already, and setpgid refuses it (EPERM).
  if (plan.new_group && !plan.new_session && raw::own_process_group() != raw::own_pid() &&
      !went_well(raw::new_process_group(), Stage::group, report))
    return false;
  if (plan.terminal_fd < 0) return true;
  // SIGTTOU is blocked, so that a background process may do this (tcsetpgrp(3)).
  const pid_t group = raw::own_process_group();
  return went_well(raw::control_device(plan.terminal_fd, TIOCSPGRP, raw::word(&group)),
                   Stage::terminal, report);
}

// Comes after every change of credentials, which clears the parent-death signal. The parent is
// checked last: if it died before the signal was armed, it sent none.
bool bind_to_parent(const ChildPlan& plan, ChildReport& report) noexcept {
  if (plan.no_new_privs &&
      !went_well(raw::control_process(PR_SET_NO_NEW_PRIVS, 1), Stage::nnp, report))
    return false;
  if (!plan.die_with_parent) return true;
  if (!went_well(raw::control_process(PR_SET_PDEATHSIG, SIGKILL), Stage::bind, report))
    return false;
  if (raw::parent_pid() != plan.parent) (void)raw::kill(raw::own_pid(), SIGKILL);
  return true;
}

// The child waits until the watchdog has opened its pidfd, and so is watched before COMMAND runs.
bool meet_watchdog(const ChildPlan& plan, ChildReport& report) noexcept {
  if (plan.watchdog_fd < 0) return true;
  const pid_t pid = raw::own_pid();
  char answer = 0;
  long got = raw::send(plan.watchdog_fd, &pid, sizeof pid, MSG_NOSIGNAL);
  if (got >= 0) got = raw::receive(plan.watchdog_fd, &answer, 1);
  return went_well(got == 0 ? -ECONNRESET : got, Stage::helper, report);
}

void close_descriptors(const ChildPlan& plan) noexcept {
  if (!plan.close_descriptors) return;
  // The descriptor for reports is still needed, and close-on-exec: it is spared like the kept ones.
  const int report_fd = plan.control_fd >= 0 ? plan.control_fd : plan.own_error_fd;
  int next = 3;
  const auto spare = [&next](int fd) {
    if (fd > next) raw::close_between(static_cast<unsigned>(next), static_cast<unsigned>(fd - 1));
    if (fd >= next) next = fd + 1;
  };
  for (const int fd : plan.kept) {
    if (report_fd < fd) spare(report_fd);
    spare(fd);
  }
  spare(report_fd);
  raw::close_between(static_cast<unsigned>(next), raw::highest_fd);
}

// Tries the paths as execvp(3) does, and goes on after the same errors. They were made before the
// clone, without those that are too long for a system call. Returns EACCES if a path gave that,
// else the error of the last exec.
long exec_first(const ChildPlan& plan) noexcept {
  bool denied = false;
  long result = -ENAMETOOLONG;
  for (const char* const* path = plan.candidates; *path != nullptr; ++path) {
    result = raw::execute(*path, plan.argv, plan.envp);
    switch (result) {
      case -ENOEXEC:
        plan.shell_argv[1] = *path;
        (void)raw::execute(plan.shell_argv[0], const_cast<char* const*>(plan.shell_argv),
                           plan.envp);
        return result;
      case -EACCES:
        denied = true;
        break;
      case -ENOENT:
      case -ENOTDIR:
      case -ESTALE:
      case -ENODEV:
      case -ETIMEDOUT:
        break;
      default:
        return result;
    }
  }
  return denied ? -EACCES : result;
}

// Every `to` is open already, at least as a placeholder, and is no descriptor of tether's own.
bool redirect(const ChildPlan& plan, ChildReport& report) noexcept {
  for (const Redirection& redirection : plan.redirections)
    if (!went_well(raw::duplicate(redirection.from, redirection.to), Stage::descriptor, report))
      return false;
  // With 1, as setsid(1) does: root may take the terminal from another session (tty_ioctl(4)).
  return !plan.take_terminal ||
         went_well(raw::control_device(STDIN_FILENO, TIOCSCTTY, 1), Stage::ctty, report);
}

bool prepare(const ChildPlan& plan, ChildReport& report) noexcept {
  if (!enter_cgroup(plan, report) || !enter_session_or_group(plan, report) ||
      !redirect(plan, report))
    return false;
  if (plan.directory_fd >= 0 &&
      !went_well(raw::change_directory(plan.directory_fd), Stage::directory, report))
    return false;
  if (plan.set_umask) raw::set_umask(plan.umask);
  if (plan.open_files != nullptr) (void)raw::limit(RLIMIT_NOFILE, plan.open_files, nullptr);
  return bind_to_parent(plan, report) && meet_watchdog(plan, report);
}

void tell(const ChildPlan& plan, const ChildReport& report) noexcept {
  if (plan.shared_report != nullptr) {
    *plan.shared_report = report;
  } else {
    (void)raw::send(plan.control_fd, &report, sizeof report, MSG_NOSIGNAL);
  }
}

// This process's plan, for the signal handler.
const ChildPlan* own_plan = nullptr;

// A child that stops before the exec would hang unseen: the parent is suspended (CLONE_VFORK) or
// waits for that exec. The parent sends SIGTSTP again, to COMMAND.
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

// False if the parent has ended or has given up the start.
bool wait_for_the_word(const ChildPlan& plan) noexcept {
  if (plan.control_fd < 0) return true;
  char word = 0;
  long got = -1;
  do {
    got = raw::receive(plan.control_fd, &word, 1);
  } while (got == -EINTR);
  return got == 1;
}

long truncate_and_exec(const ChildPlan& plan) noexcept {
  for (const int fd : plan.truncated) (void)raw::truncate_to_nothing(fd);
  return exec_first(plan);
}

}  // namespace

void run_child(const ChildPlan& plan) noexcept {
  if (plan.parents_control_fd >= 0) (void)raw::close(plan.parents_control_fd);
  ChildReport report;
  if (!prepare(plan, report)) {
    tell(plan, report);
    raw::exit(status_of_failed_child);
  }
  close_descriptors(plan);
  restore_dispositions(plan);
  own_plan = &plan;
  catch_if_default(SIGTSTP, put_off_stop);
  // Reported before the mask is restored: what ends the child from here on ends COMMAND.
  report.ready = true;
  tell(plan, report);
  restore_mask(plan);
  if (!wait_for_the_word(plan)) raw::exit(status_of_failed_child);
  tell(plan, failed_at(Stage::exec, truncate_and_exec(plan)));
  raw::exit(status_of_failed_child);
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
  return failed_at(Stage::exec, truncate_and_exec(plan));
}

}  // namespace tether
