#include "guard/watchdog.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <utility>

#include "sys/deadline.hpp"
#include "sys/pidfd.hpp"
#include "sys/processes.hpp"

namespace tether {
namespace {

constexpr std::chrono::seconds patience_with_answer{2};

struct Target {
  int pidfd = -1;
  pid_t pid = -1;
};

// Receives the pid from the child itself, which waits for the answer: the number cannot be another
// process's. Without a pidfd if tether and the child are gone before that.
Target meet_child(int channel) {
  Target child;
  if (::recv(channel, &child.pid, sizeof child.pid, 0) != sizeof child.pid) return {};
  child.pidfd = open_pidfd(child.pid);
  return child;
}

// The watchdog itself: a process without a pidfd in `child` is told of the child on `channel`. All
// signals stay blocked, and the session is its own: neither a terminal nor a signal to tether's
// process group ends it. noexcept: the stack above is tether's own.
[[noreturn]] void run(int tether, Target child, int channel) noexcept {
  (void)::setsid();
  take_name("child-watchdog");
  settle("watchdog", {tether, child.pidfd, channel});
  if (child.pidfd < 0) child = meet_child(channel);
  if (child.pidfd < 0) ::_exit(0);
  set_process_title(fmt::format("watchdog of {}", child.pid));
  const char answer = 1;
  (void)::send(channel, &answer, 1, MSG_NOSIGNAL);
  (void)::close(channel);

  pollfd watched[] = {{child.pidfd, POLLIN, 0}, {tether, POLLIN, 0}};
  // A failed poll, except by EINTR, counts as tether's death: rather no child than an unbound one.
  while (::poll(watched, 2, -1) < 0 && errno == EINTR) {
  }
  if (watched[0].revents == 0) (void)send_signal(child.pidfd, SIGKILL);
  ::_exit(0);
}

}  // namespace

Result<Watchdog> Watchdog::fork(CloneWay way, pid_t pid, int pidfd) {
  int ends[2] = {-1, -1};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
    return helper_failure(errno);
  UniqueFd channel(ends[0]);
  const UniqueFd watchdogs_end(ends[1]);
  const UniqueFd tether(open_pidfd(::getpid()));
  if (!tether) return helper_failure(errno);
  Cloned cloned = fork_with_pidfd(way, 0, 0);
  if (cloned.pid < 0) return helper_failure(cloned.error_number);
  if (cloned.pid == 0) run(tether.get(), {pidfd, pid}, watchdogs_end.get());
  return Watchdog(std::move(cloned.pidfd), std::move(channel));
}

// The watchdog has both pidfds from its fork on, and so cannot miss tether's death. It gets a pidfd
// of its own: the clone's is an open file whose last close, or whose lock, may count.
Result<Watchdog> Watchdog::start_for(CloneWay way, pid_t pid, int pidfd) {
  const UniqueFd own(open_pidfd(pid));
  const int error_number = errno;
  // Looked at last: if the child has not ended by now, the pid was its own when it was opened.
  if (has_ended(pidfd)) return helper_failure(ESRCH);
  if (!own) return helper_failure(error_number);
  Result<Watchdog> started = fork(way, pid, own.get());
  if (!started.ok()) return started;
  Watchdog& watchdog = started.value();
  // From the answer on the watchdog holds nothing but the two pidfds.
  char answer = 0;
  if (await(watchdog.channel_.get(), patience_with_answer) != Awaited::ready)
    return helper_failure(ETIMEDOUT);
  if (::recv(watchdog.channel_.get(), &answer, 1, 0) != 1) return helper_failure(ECONNRESET);
  watchdog.close_channel();
  return started;
}

}  // namespace tether
