// Signals as the kernel keeps them: the mask and dispositions a process was started with, all 64
// of them (glibc hides 32 and 33 from its own calls), and the names of signals.
#pragma once

#include <cstdint>
#include <string>

namespace tether {

constexpr int last_signal = 64;

// What tether was started with and what the child gets back. Plain data: the child reads it between
// clone and exec.
struct InheritedSignals {
  std::uint64_t mask = 0;  // bit n-1: signal n was blocked
  bool sigchld_ignored = false;
};

// Blocks every signal and makes SIGCHLD default: an ignored SIGCHLD is inherited through exec, and
// would reap our child and lose its status (sigaction(2), NOTES). Returns what was there before.
InheritedSignals take_over_signals();

// Async-signal-safe. The exact inverse of take_over_signals(), for the child.
void give_back_signals(const InheritedSignals& inherited) noexcept;

// Async-signal-safe. Every disposition default, nothing blocked.
void reset_all_signals() noexcept;

// Lets `signal` act on this process with its default action, then blocks it again. A job-control
// stop signal is thrown away by the kernel in an orphaned process group, so that a process that
// nobody could continue is never stopped.
void act_by_default(int signal);

// Whether `signal`, which is blocked, has been sent to this process and not been read yet.
bool is_pending(int signal);

// Ends this process as `signal` would, without a core dump. Returns only where the signal cannot
// end it (PID 1).
void die_by(int signal);

// "SIGTERM", "SIGRTMIN+3"; "SIG77" for what has no name.
std::string signal_name(int signal);

}  // namespace tether
