// The signal mask and the dispositions of this process, for all 64 signals (glibc hides 32 and 33
// from its own calls), without libc: for the child between clone and exec, and for tether.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tether {

// The signal state that tether was started with and that COMMAND gets back. Plain data: the child
// reads it between clone and exec.
struct InheritedSignals {
  std::uint64_t mask = 0;  // bit n-1: signal n was blocked
  bool sigchld_ignored = false;
};

// struct sigaction as the kernel's rt_sigaction(2) has it; all zeros is "default, no flags".
struct KernelSigaction {
  void (*handler)(int) = nullptr;
  unsigned long flags = 0;
  void (*restorer)() = nullptr;
  std::uint64_t mask = 0;
};

// The size of the kernel's signal set, which its calls require.
constexpr std::size_t mask_bytes = sizeof(std::uint64_t);

// rt_sigprocmask(2) and rt_sigaction(2): 0 or -errno. Either pointer may be null.
long swap_mask(int how, const std::uint64_t* set, std::uint64_t* old) noexcept;
long swap_action(int signal, const KernelSigaction* action, KernelSigaction* old) noexcept;

// Undoes the dispositions of take_over_signals(). The mask is set afterwards: that delivers what is
// pending.
void give_back_dispositions(const InheritedSignals& inherited) noexcept;
void set_signal_mask(std::uint64_t mask) noexcept;

// Sets every disposition to the default, except that of `spared` (0: none).
void reset_dispositions(int spared) noexcept;

// Installs `handler` until the next exec, unless `signal` is ignored or handled already.
// Interrupted system calls are restarted.
void catch_if_default(int signal, void (*handler)(int)) noexcept;

void ignore_signal(int signal) noexcept;

}  // namespace tether
