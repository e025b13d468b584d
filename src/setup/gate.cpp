#include "setup/gate.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <string>
#include <utility>

#include "policy/lifecycle.hpp"
#include "report/messages.hpp"
#include "sys/deadline.hpp"
#include "sys/pidfd.hpp"
#include "sys/signal_names.hpp"
#include "sys/signals.hpp"

namespace tether {
namespace {

Failure given_up(int signal, std::string sentence) {
  return Failure{.stage = Stage::gate, .detail = std::move(sentence), .exit_status = 128 + signal};
}

Failure ended_at_gate(const Child& held, Warden* warden) {
  const auto ending =
      warden != nullptr ? warden->await_ending() : learn_ending(held.pidfd.get(), held.autoreaped);
  const int signal = ending ? ending->signal : SIGKILL;
  return given_up(signal, fmt::format("{} ended the child before --block-fd", signal_name(signal)));
}

// The child is not COMMAND yet: it needs no time to end.
Failure ended_by_tie(const Options& options, Cause reason) {
  Failure failure = given_up(options.signal, fmt::format("{} before --block-fd let '{}' run",
                                                         explain(reason), options.command[0]));
  if (reason == Cause::timeout && !options.preserve_status) failure.exit_status = exit_timed_out;
  return failure;
}

// Passes a signal on to the child. One that asks to end fails the start.
Status take_at_gate(const Options& options, const ArrivedSignal& arrived, const Child& held) {
  // The terminal has sent this signal to a child in tether's process group as well.
  if (!arrived.was_sent && ::getpgid(held.pid) == ::getpgrp()) return Unit{};
  const int signal = SignalMap(options.rewrites).of(arrived.number);
  if (arrived.number == SIGCHLD || signal == 0) return Unit{};
  if (asks_to_end(arrived.number))
    return given_up(arrived.number,
                    fmt::format("{} came before --block-fd", signal_name(arrived.number)));
  (void)send_signal(held.pidfd.get(), signal);
  return Unit{};
}

}  // namespace

Status wait_at_gate(const Options& options, const Child& held, GateWatch also) {
  const int fd = *options.block_fd;
  while (true) {
    PollSet watched;
    const auto gate = watched.add(fd);
    const auto child = watched.add(held.pidfd.get());
    (void)watched.add(also.signals);
    const auto receiver = watched.add(also.receiver, 0);
    also.ties.add_to(watched);
    const auto next_look = also.ties.next_look();
    if (!watched.wait(next_look ? poll_timeout(time_until(*next_look)) : -1) && errno != EINTR)
      return Failure{
          .stage = Stage::gate, .error_number = errno, .detail = "waiting for --block-fd"};
    while (const auto arrived = next_signal(also.signals))
      if (Status taken = take_at_gate(options, *arrived, held); !taken.ok()) return taken;
    if (watched.is_ready(child)) return ended_at_gate(held, also.warden);
    if (watched.is_ready(receiver))
      return Failure{.stage = Stage::hand_over, .error_number = EPIPE};
    if (watched.is_ready(gate)) break;
    if (const auto reason = also.ties.reason(watched)) return ended_by_tie(options, *reason);
  }
  // A process that waits for the close at the other end does not wait until COMMAND has ended.
  if (fd > STDERR_FILENO && !options.keeps_open(fd)) (void)::close(fd);
  return Unit{};
}

}  // namespace tether
