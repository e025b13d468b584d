#include "modes/background.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <utility>
#include <vector>

#include "report/messages.hpp"
#include "sys/clone.hpp"
#include "sys/deadline.hpp"
#include "sys/descriptors.hpp"
#include "sys/pidfd.hpp"
#include "sys/signal_names.hpp"
#include "sys/signals.hpp"

namespace tether {
namespace {

Failure background_failure(int error_number) {
  return Failure{.stage = Stage::helper, .error_number = error_number};
}

// A fork of this process that does the work: a keeper or a go-between.
struct Forked {
  Cloned cloned;
  bool autoreaped = false;
  bool shares_terminal = false;  // what is typed reaches the fork as well
  const char* name = "the keeper";
};

// A keeper ends when the job does, hours later, and its parent may be an init that never waits:
// where the kernel can reap it (Linux 7.1), it leaves no zombie.
Forked fork_keeper() {
  if (has_exit_information()) {
    Cloned cloned = fork_with_pidfd(CloneWay::clone3, clone_autoreap, SIGCHLD);
    if (cloned.pid >= 0 || !may_be_unsupported(cloned.error_number))
      return {std::move(cloned), true};
  }
  return {fork_with_pidfd(probe_kernel().way, 0, SIGCHLD)};
}

// Appends to `came` the signals that were meant for this process.
void pass_signals_on(int signals, const Forked& keeper, std::vector<int>& came) {
  while (const auto arrived = next_signal(signals)) {
    const int signal = arrived->number;
    const bool is_ours = signal == SIGCHLD || signal == SIGCONT || signal == SIGWINCH;
    // A stop typed at the terminal is for this process; COMMAND is not in the foreground.
    if (stops_by_default(signal)) {
      act_by_default(signal);
    } else if (!is_ours) {
      came.push_back(signal);
      if (arrived->was_sent || !keeper.shares_terminal)
        (void)send_signal(keeper.cloned.pidfd.get(), signal);
    }
  }
}

Result<int> attend(const Forked& keeper, int channel, int signals, std::vector<int>& came) {
  while (true) {
    PollSet watched;
    (void)watched.add(channel);
    const auto end = watched.add(keeper.cloned.pidfd.get());
    const auto signal = watched.add(signals);
    if (!watched.wait(-1)) {
      if (errno == EINTR) continue;
      return background_failure(errno);
    }
    if (watched.is_ready(signal)) pass_signals_on(signals, keeper, came);
    // In any case: a keeper that has ended may have sent its message before.
    char word = 0;
    const ssize_t got = ::recv(channel, &word, 1, MSG_DONTWAIT);
    if (got == 1) return 0;
    if (got == 0) channel = -1;  // the keeper is ending
    if (!watched.is_ready(end)) continue;
    const auto ending = learn_ending(keeper.cloned.pidfd.get(), keeper.autoreaped);
    if (!ending) return background_failure(ECHILD);
    // The keeper has said what there was to say.
    if (ending->code == Ending::Code::exited) return ending->exit_code;
    // As a shell would see it, had it waited for COMMAND.
    if (should_die_by(ending->signal)) die_by(ending->signal);
    if (asks_to_end(ending->signal)) return ending->shell_status();
    return Failure{
        .stage = Stage::supervise,
        .detail = fmt::format("{} was killed by {}", keeper.name, signal_name(ending->signal))};
  }
}

}  // namespace

void OriginalProcess::release() {
  const char word = 1;
  (void)::send(channel_.get(), &word, 1, MSG_NOSIGNAL);
  channel_.reset();
}

Result<int> go_to_background(std::optional<OriginalProcess>& original, KeepersSession session) {
  int ends[2] = {-1, -1};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
    return background_failure(errno);
  UniqueFd ours(ends[0]);
  UniqueFd keepers(ends[1]);
  // A signal that comes from here on is passed on, and does not end this process.
  const InheritedSignals inherited = take_over_signals();
  UniqueFd signals(open_signal_descriptor());
  if (!signals) return background_failure(errno);
  Forked keeper = fork_keeper();
  keeper.shares_terminal = session == KeepersSession::callers;
  if (keeper.cloned.pid < 0) return background_failure(keeper.cloned.error_number);
  if (keeper.cloned.pid > 0) {
    keepers.reset();
    std::vector<int> passed_on;
    return attend(keeper, ours.get(), signals.get(), passed_on);
  }
  ours.reset();
  signals.reset();
  give_back_signals(inherited);
  if (session == KeepersSession::own) (void)::setsid();
  original.emplace(std::move(keepers));
  return 0;
}

std::optional<Result<int>> fork_go_between(InheritedSignals& before) {
  before = take_over_signals();
  UniqueFd signals(open_signal_descriptor());
  if (!signals) return background_failure(errno);
  const Forked between{fork_with_pidfd(probe_kernel().way, 0, SIGCHLD), false, true,
                       "tether's fork"};
  if (between.cloned.pid < 0) return background_failure(between.cloned.error_number);
  if (between.cloned.pid > 0) {
    std::vector<int> came;
    const Result<int> attended = attend(between, -1, signals.get(), came);
    // The go-between may have been past the point where it acts on a signal.
    for (const int signal : came) (void)::kill(::getpid(), signal);
    return attended;
  }
  signals.reset();
  give_back_signals(before);
  return std::nullopt;
}

void release_callers_descriptors(const Options& options) {
  close_inherited();
  // The number of COMMAND's readiness descriptor: a placeholder in this process, unless the caller
  // had it open, or the gate had it and has closed it.
  const auto own = options.notify_fd();
  if (own && *own > STDERR_FILENO && !options.keeps_open(*own) && own != options.block_fd)
    (void)::close(*own);
  const UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd)
    if (null && !options.keeps_open(fd)) (void)::dup2(null.get(), fd);
}

}  // namespace tether
