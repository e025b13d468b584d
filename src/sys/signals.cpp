#include "sys/signals.hpp"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>

namespace tether {
namespace {

std::uint64_t bit(int signal) {
  return std::uint64_t{1} << (signal - 1);
}

bool ends_on_request = false;

void end_by(int signal) {
  ::_exit(128 + signal);
}

void stop_ending_on_request() {
  struct sigaction action {};
  for (int signal = 1; signal <= last_signal; ++signal)
    if (asks_to_end(signal) && ::sigaction(signal, nullptr, &action) == 0 &&
        action.sa_handler == end_by)
      (void)::signal(signal, SIG_DFL);
}

}  // namespace

void end_on_request() {
  for (int signal = 1; signal <= last_signal; ++signal)
    if (asks_to_end(signal)) catch_if_default(signal, end_by);
  ends_on_request = true;
}

InheritedSignals take_over_signals() {
  InheritedSignals inherited;
  const std::uint64_t everything = ~std::uint64_t{0};
  (void)swap_mask(SIG_SETMASK, &everything, &inherited.mask);

  const KernelSigaction by_default;
  KernelSigaction old;
  (void)swap_action(SIGCHLD, &by_default, &old);
  inherited.sigchld_ignored = old.handler == SIG_IGN;
  if (ends_on_request) stop_ending_on_request();
  return inherited;
}

void give_back_signals(const InheritedSignals& inherited) noexcept {
  give_back_dispositions(inherited);
  set_signal_mask(inherited.mask);
}

void act_by_default(int signal, Scope scope) {
  const KernelSigaction by_default;
  KernelSigaction old;
  (void)swap_action(signal, &by_default, &old);
  (void)::kill(scope == Scope::group ? 0 : ::getpid(), signal);
  // Unblocking a pending signal delivers it before the system call returns.
  const std::uint64_t only_this = bit(signal);
  (void)swap_mask(SIG_UNBLOCK, &only_this, nullptr);
  (void)swap_mask(SIG_BLOCK, &only_this, nullptr);
  (void)swap_action(signal, &old, nullptr);
}

int open_signal_descriptor() {
  const std::uint64_t everything = ~std::uint64_t{0};
  return static_cast<int>(
      ::syscall(SYS_signalfd4, -1, &everything, mask_bytes, SFD_CLOEXEC | SFD_NONBLOCK));
}

std::optional<ArrivedSignal> next_signal(int signals) {
  signalfd_siginfo info{};
  if (::read(signals, &info, sizeof info) != sizeof info) return std::nullopt;
  ArrivedSignal arrived;
  arrived.number = static_cast<int>(info.ssi_signo);
  arrived.was_sent = info.ssi_code == SI_USER || info.ssi_code == SI_QUEUE;
  arrived.from_kernel = info.ssi_code == SI_KERNEL;
  arrived.from_ourselves =
      info.ssi_code == SI_USER && info.ssi_pid == static_cast<std::uint32_t>(::getpid());
  return arrived;
}

bool has_job_control() {
  return ::getsid(::getppid()) == ::getsid(0);
}

bool is_pending(int signal) {
  std::uint64_t pending = 0;
  (void)::syscall(SYS_rt_sigpending, &pending, mask_bytes);
  return (pending & bit(signal)) != 0;
}

bool is_overtaken(int signal) {
  if (signal != SIGCONT) return stops_by_default(signal) && is_pending(SIGCONT);
  return is_pending(SIGCONT) || is_pending(SIGTSTP) || is_pending(SIGTTIN) || is_pending(SIGTTOU);
}

bool should_die_by(int signal) {
  return (signal == SIGINT || signal == SIGQUIT) && ::getpid() != 1;
}

void die_by(int signal, Scope scope) {
  // Tether's core must not overwrite the child's. Where core_pattern is a pipe the limit has no
  // effect, dumpable has.
  const rlimit no_core{0, 0};
  (void)::setrlimit(RLIMIT_CORE, &no_core);
  (void)::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  act_by_default(signal, scope);
}

}  // namespace tether
