// The part of signals.hpp that calls no libc.
#include <csignal>

#include "sys/raw_calls.hpp"
#include "sys/signals.hpp"

namespace tether {
namespace {

#if defined(__x86_64__)
// A handler returns to the function that comes with it (SA_RESTORER); arm64 has one in the vDSO.
constexpr unsigned long sa_restorer = 0x04000000;  // SA_RESTORER, which libc's headers lack
constexpr unsigned long handler_flags = SA_RESTART | sa_restorer;

__attribute__((naked)) void return_from_handler() {
  __asm__("mov $15, %eax\n\tsyscall");  // rt_sigreturn
}

void (*const restorer)() = return_from_handler;
#else
constexpr unsigned long handler_flags = SA_RESTART;
void (*const restorer)() = nullptr;
#endif

}  // namespace

long swap_mask(int how, const std::uint64_t* set, std::uint64_t* old) noexcept {
  return raw::call(SYS_rt_sigprocmask, how, raw::word(set), raw::word(old), mask_bytes);
}

long swap_action(int signal, const KernelSigaction* action, KernelSigaction* old) noexcept {
  return raw::call(SYS_rt_sigaction, signal, raw::word(action), raw::word(old), mask_bytes);
}

void give_back_dispositions(const InheritedSignals& inherited) noexcept {
  if (inherited.sigchld_ignored) ignore_signal(SIGCHLD);
}

void set_signal_mask(std::uint64_t mask) noexcept {
  (void)swap_mask(SIG_SETMASK, &mask, nullptr);
}

void reset_dispositions(int spared) noexcept {
  const KernelSigaction by_default;
  for (int signal = 1; signal <= last_signal; ++signal)
    if (signal != spared) (void)swap_action(signal, &by_default, nullptr);
}

void catch_if_default(int signal, void (*handler)(int)) noexcept {
  KernelSigaction action;
  action.handler = handler;
  action.flags = handler_flags;
  action.restorer = restorer;
  KernelSigaction old;
  // Nearly always the disposition is the default, and one call is enough.
  if (swap_action(signal, &action, &old) == 0 && old.handler != SIG_DFL)
    (void)swap_action(signal, &old, nullptr);
}

void ignore_signal(int signal) noexcept {
  KernelSigaction ignore;
  ignore.handler = SIG_IGN;
  (void)swap_action(signal, &ignore, nullptr);
}

}  // namespace tether
