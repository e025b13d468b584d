// The signal mask and the dispositions of this process, all 64 (glibc hides 32 and 33 from its own
// calls), without libc: for the child between clone and exec, and for those that undo what they did
// for it.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tether {

// What tether was started with and what the child gets back. Plain data: the child reads it between
// clone and exec.
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

// The kernel's signal set, which its calls want the size of.
constexpr std::size_t mask_bytes = sizeof(std::uint64_t);

// rt_sigprocmask(2) and rt_sigaction(2); a null pointer is left out.
long swap_mask(int how, const std::uint64_t* set, std::uint64_t* old) noexcept;
long swap_action(int signal, const KernelSigaction* action, KernelSigaction* old) noexcept;

// The dispositions of take_over_signals() undone. The mask comes after it: with it what was pending
// is delivered.
void give_back_dispositions(const InheritedSignals& inherited) noexcept;
void set_signal_mask(std::uint64_t mask) noexcept;

// Every disposition but that of `spared` default.
void reset_dispositions(int spared) noexcept;

// Until the next exec `handler` gets `signal`, unless that is ignored or handled already; system
// calls go on.
void catch_if_default(int signal, void (*handler)(int)) noexcept;

void ignore_signal(int signal) noexcept;

}  // namespace tether
