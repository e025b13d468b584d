// Signals of this process: taken over, read from a descriptor, and acted on by default.
#pragma once

#include <cstdint>
#include <optional>

#include "sys/raw_signals.hpp"
#include "sys/signal_names.hpp"

namespace tether {

// Blocks every signal and makes SIGCHLD default: an ignored SIGCHLD is inherited through exec, and
// would reap our child and lose its status (sigaction(2), NOTES). Returns what was there before.
InheritedSignals take_over_signals();

// For the first process of a PID namespace, from which the kernel keeps every signal that is
// neither blocked nor handled (pid_namespaces(7)): until take_over_signals() one that asks to end
// does so, with 128+n.
void end_on_request();

// The exact inverse of take_over_signals(): first the dispositions, then the mask.
void give_back_signals(const InheritedSignals& inherited) noexcept;

// Lets `signal` act on this process with its default action, then blocks it again. A job-control
// stop signal is thrown away by the kernel in an orphaned process group, so that a process that
// nobody could continue is never stopped.
// With Scope::group the whole process group gets it.
enum class Scope { process, group };
void act_by_default(int signal, Scope scope = Scope::process);

// A descriptor from which every blocked signal is read (signalfd(2)), 32 and 33 included;
// close-on-exec, non-blocking. -1 and errno on failure.
int open_signal_descriptor();

struct ArrivedSignal {
  int number = 0;
  bool was_sent = false;     // by a process
  bool from_kernel = false;  // a terminal's, or that of a fault
  // Of our own system calls: SIGPIPE and SIGXFSZ come with our pid.
  bool from_ourselves = false;
};
// One signal from such a descriptor, without waiting; none if there is none.
std::optional<ArrivedSignal> next_signal(int signals);

// False if our parent is in another session: then nobody there would continue us after a stop.
bool has_job_control();

// Whether `signal`, which is blocked, has been sent to this process and not been read yet.
bool is_pending(int signal);

// Of SIGCONT and the signals that stop, each throws the others away that are pending. Whether
// `signal`, which has been read, would have been by one that has come since; SIGCONT also by
// another one.
bool is_overtaken(int signal);

// Whether tether itself is to die of the signal that its child died of: SIGINT or SIGQUIT. A shell
// looks at how its child died, not at its status, to know that a loop was interrupted. Never as
// PID 1, which they cannot end.
bool should_die_by(int signal);

// Ends this process as `signal` would, without a core dump. Returns only where the signal cannot
// end it (PID 1).
void die_by(int signal, Scope scope = Scope::process);

}  // namespace tether
