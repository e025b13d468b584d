#include "guard/watchdog.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <initializer_list>
#include <utility>

#include "sys/pidfd.hpp"
#include "sys/process_title.hpp"

namespace tether {
namespace {

Failure watchdog_failure(int error_number) {
  return Failure{.stage = Stage::helper, .error_number = error_number};
}

struct Met {
  int pidfd = -1;
  pid_t pid = -1;
};

// Receives the pid from the child itself, which waits for the answer: the number cannot be another
// process's. Without a pidfd if tether and the child are gone before that.
Met meet_child(int channel) {
  Met child;
  if (::recv(channel, &child.pid, sizeof child.pid, 0) != sizeof child.pid) return {};
  child.pidfd = open_pidfd(child.pid);
  if (child.pidfd < 0) return {};
  const char answer = 1;
  (void)::send(channel, &answer, 1, MSG_NOSIGNAL);
  (void)::close(channel);
  return child;
}

// A failed poll, except by EINTR, counts as tether's death: rather no child than an unbound one.
[[noreturn]] void watch(int tether, int child, pid_t child_pid) {
  set_process_title(fmt::format("watchdog of {}", child_pid));
  pollfd watched[] = {{child, POLLIN, 0}, {tether, POLLIN, 0}};
  while (::poll(watched, 2, -1) < 0 && errno == EINTR) {
  }
  if (watched[0].revents == 0) (void)send_signal(child, SIGKILL);
  ::_exit(0);
}

// The watchdog's first steps. All signals stay blocked, and the session is its own: neither a
// terminal nor a signal to tether's process group ends it.
void begin(std::initializer_list<int> kept) {
  (void)::setsid();
  take_name("watchdog");
  settle("watchdog", kept);
}

}  // namespace

Result<Watchdog> Watchdog::start(CloneWay way) {
  int ends[2] = {-1, -1};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
    return watchdog_failure(errno);
  UniqueFd channel(ends[0]);
  const UniqueFd watchdogs_end(ends[1]);
  const UniqueFd tether(open_pidfd(::getpid()));
  if (!tether) return watchdog_failure(errno);

  Cloned cloned = fork_with_pidfd(way, 0, 0);
  if (cloned.pid < 0) return watchdog_failure(cloned.error_number);
  if (cloned.pid == 0) {
    begin({tether.get(), watchdogs_end.get()});
    const Met child = meet_child(watchdogs_end.get());
    if (child.pidfd < 0) ::_exit(0);
    watch(tether.get(), child.pidfd, child.pid);
  }
  return Watchdog(std::move(cloned.pidfd), std::move(channel));
}

// The watchdog has both pidfds from its fork on: it cannot miss tether's death.
Result<Watchdog> Watchdog::start_for(CloneWay way, pid_t child) {
  const UniqueFd tether(open_pidfd(::getpid()));
  if (!tether) return watchdog_failure(errno);
  const UniqueFd childs_pidfd(open_pidfd(child));
  if (!childs_pidfd) return watchdog_failure(errno);
  Cloned cloned = fork_with_pidfd(way, 0, 0);
  if (cloned.pid < 0) return watchdog_failure(cloned.error_number);
  if (cloned.pid == 0) {
    begin({tether.get(), childs_pidfd.get()});
    watch(tether.get(), childs_pidfd.get(), child);
  }
  return Watchdog(std::move(cloned.pidfd));
}

}  // namespace tether
