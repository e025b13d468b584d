#include "guard/last_close.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <ctime>
#include <utility>

#include "sys/deadline.hpp"
#include "sys/pidfd.hpp"
#include "sys/processes.hpp"

namespace tether {
namespace {

constexpr timespec moment{0, 200'000};  // 0.2 ms
constexpr int most_moments = 50'000;    // ten seconds in all
constexpr std::chrono::seconds patience_with_lock{10};

int lock(int fd, int operation) {
  int result = -1;
  do {
    result = ::flock(fd, operation);
  } while (result != 0 && errno == EINTR);
  return result;
}

// The lock waiter, from its fork to its end, which is the news. All signals stay blocked. settle()
// also closes the write end of `queueing`, as the last step before the lock.
[[noreturn]] void wait_for_lock(const LastCloseRequest& request, int own, pid_t parent) noexcept {
  (void)::setsid();
  take_name("lock-waiter");
  (void)::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  if (::getppid() != parent) ::_exit(0);
  settle(request.title, {own});
  (void)lock(own, LOCK_EX);
  ::_exit(0);
}

// After the end of file on `queueing` the lock waiter only waits for the lock, asleep as /proc
// shows; without /proc that is assumed. False if that takes too long: the lock waiter was stopped.
bool await_queueing(int queueing, int waiter) {
  if (await(queueing, patience_with_lock) != Awaited::ready) return false;
  // In a container /proc may be that of another PID namespace, where the waiter has another pid.
  const pid_t number = pid_of(waiter);
  for (int i = 0; i < most_moments; ++i) {
    const auto seen = look_at(number);
    if (!seen || seen->is_asleep || seen->has_ended) return true;
    (void)::nanosleep(&moment, nullptr);
  }
  return false;
}

}  // namespace

Result<LastCloseWatch> LastCloseWatch::start(LastCloseRequest request) {
  LastCloseWatch watch;
  watch.request_ = std::move(request);
  const int pidfd = watch.request_.pidfd;
  if (pidfs_inode(pidfd)) {
    watch.own_.reset(open_pidfd(watch.request_.pid));
    // Checked last: if the child has not ended, the pid was its own.
    if (!watch.own_ || has_ended(pidfd)) return helper_failure(watch.own_ ? ESRCH : errno);
    // Without waiting: only a foreign process could have it.
    if (lock(pidfd, LOCK_EX | LOCK_NB) != 0) return helper_failure(errno);
    if (Status started = watch.start_waiter(); !started.ok()) return started.failure();
    return watch;
  }
  std::array<int, 2> ends{-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return helper_failure(errno);
  watch.lifeline_read_.reset(ends[0]);
  watch.lifeline_.reset(ends[1]);
  return watch;
}

Status LastCloseWatch::start_waiter() {
  std::array<int, 2> ends{-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return helper_failure(errno);
  const UniqueFd queueing(ends[0]);
  UniqueFd waiters_end(ends[1]);
  const pid_t parent = ::getpid();
  Cloned cloned = fork_with_pidfd(request_.way, 0, 0);
  if (cloned.pid < 0) return helper_failure(cloned.error_number);
  if (cloned.pid == 0) wait_for_lock(request_, own_.get(), parent);
  waiter_ = HelperProcess(std::move(cloned.pidfd));
  waiters_end.reset();
  return await_queueing(queueing.get(), waiter_.pidfd()) ? Status(Unit{})
                                                         : helper_failure(ETIMEDOUT);
}

bool LastCloseWatch::last_copy_is_closed() {
  if (lifeline_read_) return true;
  waiter_.reap();
  if (lock(own_.get(), LOCK_EX | LOCK_NB) == 0) return true;
  // Rather no child than an unwatched one.
  return !start_waiter().ok();
}

}  // namespace tether
