#include "spawn/spawn.hpp"

#include <linux/sched.h>
#include <sys/socket.h>

#include <cerrno>
#include <csignal>
#include <utility>

#include "sys/pidfd.hpp"

namespace tether {
namespace {

Failure failure_from(const ChildReport& report) {
  return Failure{.stage = report.stage, .error_number = report.error_number};
}

// By SIGKILL, as every other signal is blocked until the child is ready. What ends the child after
// that ends COMMAND.
Failure killed_before_ready() {
  return Failure{.stage = Stage::supervise,
                 .detail = "the child was killed before it could run anything",
                 .exit_status = 128 + SIGKILL};
}

// Sends the stop that the child put off, for COMMAND to act on.
void send_what_was_put_off(const Child& child, const ChildReport& report) {
  if (report.stopped) (void)send_signal(child.pidfd.get(), SIGTSTP);
}

bool shares_memory(const SpawnRequest& request) {
  return can_share_memory() && request.way != CloneWay::fork && !request.is_held;
}

// A child that never became COMMAND ends by itself; it must not stay a zombie.
void discard(const Child& child) {
  if (!child.autoreaped) (void)reap(child.pidfd.get(), nullptr);
}

Result<Child> spawn_sharing_memory(const SpawnRequest& request, ChildPlan& plan) {
  ChildReport report;
  plan.shared_report = &report;
  Child child = child_to_be(request);
  Cloned cloned = run_sharing_memory(request.way, request.guarantees, request.cgroup_fd,
                                     run_child_on_own_stack, &plan);
  if (cloned.pid < 0) return Failure{.stage = Stage::clone, .error_number = cloned.error_number};
  child.pid = cloned.pid;
  child.pidfd = std::move(cloned.pidfd);
  // The exec itself may have failed after the child was ready.
  if (report.ready && !report.failed) {
    send_what_was_put_off(child, report);
    return child;
  }
  discard(child);
  return report.failed ? failure_from(report) : killed_before_ready();
}

// Receives one report of the child; false at end of file, which is its exec or its death.
bool next_report(int control, ChildReport& report) {
  ssize_t got = -1;
  do {
    got = ::recv(control, &report, sizeof report, 0);
  } while (got < 0 && errno == EINTR);
  return got == sizeof report;
}

// Collects the child's reports until its exec or its death.
ChildReport until_exec(int control) {
  ChildReport all;
  ChildReport report;
  while (next_report(control, report)) {
    const bool stopped = all.stopped || report.stopped;
    if (report.failed) all = report;
    all.stopped = stopped;
  }
  return all;
}

}  // namespace

std::uint64_t flags_of(const SpawnRequest& request) {
  if (request.way == CloneWay::fork) return 0;
  return CLONE_PIDFD | request.guarantees | (request.cgroup_fd >= 0 ? CLONE_INTO_CGROUP : 0) |
         (shares_memory(request) ? shared_memory_flags() : 0);
}

Child child_to_be(const SpawnRequest& request) {
  Child child;
  child.autoreaped = (request.guarantees & clone_autoreap) != 0;
  (void)::clock_gettime(CLOCK_REALTIME, &child.started_at);
  (void)::clock_gettime(CLOCK_MONOTONIC, &child.started);
  return child;
}

Result<HeldChild> hold(const SpawnRequest& request, ChildPlan plan) {
  int ends[2] = {-1, -1};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
    return Failure{.stage = Stage::clone, .error_number = errno};
  UniqueFd control(ends[0]);
  UniqueFd childs_end(ends[1]);
  plan.control_fd = childs_end.get();
  plan.parents_control_fd = control.get();

  Child child = child_to_be(request);
  Cloned cloned = fork_with_pidfd(request.way, request.guarantees, SIGCHLD, request.cgroup_fd);
  if (cloned.pid < 0) return Failure{.stage = Stage::clone, .error_number = cloned.error_number};
  if (cloned.pid == 0) run_child(plan);
  childs_end.reset();
  child.pid = cloned.pid;
  child.pidfd = std::move(cloned.pidfd);

  ChildReport report;
  const bool spoke = next_report(control.get(), report);
  if (spoke && report.ready) return HeldChild(std::move(child), std::move(control));
  discard(child);
  return spoke ? failure_from(report) : killed_before_ready();
}

Result<Child> HeldChild::release() {
  const char word = 1;
  (void)::send(control_.get(), &word, 1, MSG_NOSIGNAL);
  const ChildReport report = until_exec(control_.get());
  control_.reset();
  if (report.failed) {
    discard(child_);
    return failure_from(report);
  }
  send_what_was_put_off(child_, report);
  return std::move(child_);
}

HeldChild::~HeldChild() {
  if (!control_) return;
  control_.reset();
  discard(child_);
}

Result<Child> spawn(const SpawnRequest& request, ChildPlan plan) {
  if (shares_memory(request)) return spawn_sharing_memory(request, plan);
  Result<HeldChild> held = hold(request, plan);
  return held.ok() ? held.value().release() : Result<Child>(held.failure());
}

}  // namespace tether
