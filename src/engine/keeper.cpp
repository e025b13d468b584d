#include "engine/keeper.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <utility>

#include "sys/pidfd.hpp"
#include "sys/process_title.hpp"

namespace tether {
namespace {

Failure keeper_failure(int error_number) {
  return Failure{.stage = Stage::keeper, .error_number = error_number};
}

// The child's pid comes from the child itself, which waits for our answer, or from its parent,
// which has not reaped it: in both cases the number is not a stranger's. Returns a pidfd, or -1
// when both are gone before one was named.
int meet_child(int channel) {
  pid_t pid = -1;
  if (::recv(channel, &pid, sizeof pid, 0) != sizeof pid) return -1;
  const int child = open_pidfd(pid);
  if (child < 0) return -1;
  // No word of tether's command line: `pkill -KILL -f WORD` would end the keeper together with
  // tether, and leave a child that has cleared its parent-death signal.
  set_process_title(fmt::format("keeper of {}", pid));
  const char answer = 1;
  (void)::send(channel, &answer, 1, MSG_NOSIGNAL);
  return child;
}

// All signals stay blocked, and the session is our own: neither a terminal nor a signal to the
// caller's group ends the keeper.
[[noreturn]] void watch(int holder, int channel) {
  (void)::setsid();
  take_helpers_name();
  keep_nothing_but({holder, channel});
  const int child = meet_child(channel);
  if (child < 0) ::_exit(0);
  (void)::close(channel);

  pollfd watched[] = {{child, POLLIN, 0}, {holder, POLLIN, 0}};
  // A watch that fails, and is not just interrupted, ends as if the holder were gone: rather no
  // child than an unbound one.
  while (::poll(watched, 2, -1) < 0 && errno == EINTR) {
  }
  if (watched[0].revents == 0) (void)send_signal(child, SIGKILL);
  ::_exit(0);
}

}  // namespace

Result<Keeper> Keeper::start(CloneWay way) {
  int ends[2] = {-1, -1};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
    return keeper_failure(errno);
  Keeper keeper;
  keeper.channel_.reset(ends[0]);
  UniqueFd keepers_end(ends[1]);
  UniqueFd holder(open_pidfd(::getpid()));
  if (!holder) return keeper_failure(errno);

  Cloned cloned = fork_with_pidfd(way, 0, 0);
  if (cloned.pid < 0) return keeper_failure(cloned.error_number);
  if (cloned.pid == 0) watch(holder.get(), keepers_end.get());
  keeper.process_ = HelperProcess(std::move(cloned.pidfd));
  return keeper;
}

Result<Keeper> Keeper::start_for(CloneWay way, pid_t child) {
  Result<Keeper> started = start(way);
  if (!started.ok()) return started;
  Keeper& keeper = started.value();
  char answer = 0;
  ssize_t got = ::send(keeper.channel_.get(), &child, sizeof child, MSG_NOSIGNAL);
  if (got == sizeof child) got = ::recv(keeper.channel_.get(), &answer, 1, 0);
  if (got != 1) return keeper_failure(got == 0 ? ECONNRESET : errno);
  keeper.close_channel();
  return started;
}

}  // namespace tether
