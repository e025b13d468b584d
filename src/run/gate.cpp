#include "run/gate.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <string>
#include <utility>

#include "engine/warden.hpp"
#include "policy/signal_map.hpp"
#include "sys/pidfd.hpp"
#include "sys/signal_names.hpp"
#include "sys/signals.hpp"

namespace tether {
namespace {

Failure given_up(int signal, std::string sentence) {
  Failure failure{Stage::gate, 0, {}, std::move(sentence), {}};
  failure.exit_status = 128 + signal;
  return failure;
}

Failure ended_at_gate(const Child& held) {
  const auto ending = learn_ending_of(held);
  const int signal = ending ? ending->signal : SIGKILL;
  return given_up(signal, fmt::format("{} ended the child before --block-fd", signal_name(signal)));
}

// The child gets what is sent to us. What would have ended us ends the start.
Status take_at_gate(const Options& options, const ArrivedSignal& arrived, const Child& held) {
  // Of the terminal's a child in our group has had its own.
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

Status check_gate(const Options& options, const CallersDescriptors& callers) {
  if (!options.block_fd) return Unit{};
  const int fd = *options.block_fd;
  if (!callers.has(fd))
    return Failure{Stage::descriptor, EBADF, {}, fmt::format("--block-fd={}", fd), {}};
  withhold(fd);
  return Unit{};
}

Status wait_at_gate(const Options& options, const Child& held, int signals, int receiver) {
  const int fd = *options.block_fd;
  while (true) {
    std::array<pollfd, 4> watched{pollfd{fd, POLLIN, 0}, pollfd{held.pidfd.get(), POLLIN, 0},
                                  pollfd{signals, POLLIN, 0}, pollfd{receiver, 0, 0}};
    if (::poll(watched.data(), watched.size(), -1) < 0 && errno != EINTR)
      return Failure{Stage::gate, errno, {}, "waiting for --block-fd", {}};
    while (const auto arrived = next_signal(signals))
      if (Status taken = take_at_gate(options, *arrived, held); !taken.ok()) return taken;
    if (watched[1].revents != 0) return ended_at_gate(held);
    if (watched[3].revents != 0) return Failure{Stage::hand_over, EPIPE, {}, {}, {}};
    if (watched[0].revents != 0) break;
  }
  // Nobody's any more; whoever waits for its other end need not wait for COMMAND's.
  if (fd > STDERR_FILENO && !options.holds(fd)) (void)::close(fd);
  return Unit{};
}

}  // namespace tether
