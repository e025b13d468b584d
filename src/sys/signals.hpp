// Signals of this process: blocked, read from a descriptor, and acted on by default.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "sys/signal_names.hpp"

namespace tether {

// Without libc, in raw_signals.cpp: the mask and the dispositions of all 64 signals (glibc hides 32
// and 33 from its own calls), for the child between clone and exec, and for tether.

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

// With libc, in signals.cpp.

// Blocks every signal and sets SIGCHLD to its default: exec keeps an ignored SIGCHLD, which loses
// the child's status (sigaction(2), NOTES). Returns the state before.
InheritedSignals take_over_signals();

// For the first process of a PID namespace, to which the kernel delivers no signal that is neither
// blocked nor handled (pid_namespaces(7)). Until take_over_signals() a signal that asks to end
// makes this process exit with 128+n.
void end_on_request();

// Undoes take_over_signals(): first the dispositions, then the mask.
void give_back_signals(const InheritedSignals& inherited) noexcept;

// Sends the blocked `signal` to this process (or to its whole process group), lets it act by
// default, then blocks it again. In an orphaned process group the kernel discards a job-control
// stop signal, so that a process that no shell could continue is never stopped.
enum class Scope { process, group };
void act_by_default(int signal, Scope scope = Scope::process);

// A descriptor from which every blocked signal is read (signalfd(2)), 32 and 33 included;
// close-on-exec, non-blocking, for the calling code to close. -1 and errno on failure.
int open_signal_descriptor();

struct ArrivedSignal {
  int number = 0;
  bool was_sent = false;     // by kill(2) or sigqueue(3)
  bool from_kernel = false;  // from a terminal, or a fault
  // With this process's own pid, as SIGPIPE and SIGXFSZ from its system calls.
  bool from_ourselves = false;
};
// Reads one signal from such a descriptor; none if none is pending. Never blocks.
std::optional<ArrivedSignal> next_signal(int signals);

// Whether the parent is in the same session; else no shell would continue a stopped process.
bool has_job_control();

// Whether `signal`, which is blocked, has been sent to this process and not been read yet.
bool is_pending(int signal);

// Whether a pending signal would have discarded `signal`, had that not been read already: the
// kernel discards pending stop signals when SIGCONT is sent, and the reverse (signal(7)). For
// SIGCONT also whether another SIGCONT is pending.
bool is_overtaken(int signal);

// Whether tether is to die of the signal that the child died of, SIGINT or SIGQUIT: a shell goes by
// how tether died, not by its exit status, to know that a loop was interrupted. Never as PID 1,
// which these signals cannot end.
bool should_die_by(int signal);

// Ends this process as `signal` would, without a core dump. Returns only where the signal cannot
// end it (PID 1).
void die_by(int signal, Scope scope = Scope::process);

}  // namespace tether
