// What runs in the child between clone and exec: async-signal-safe, without libc. All that it needs
// is made before the clone.
#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <span>
#include <type_traits>

#include "stage.hpp"
#include "sys/signals.hpp"

namespace tether {

// What the child reports: that it is ready to exec, that it put a stop off, or what failed.
struct ChildReport {
  bool ready = false;
  bool failed = false;
  bool stopped = false;  // SIGTSTP came before the exec, and was put off
  Stage stage = Stage::exec;
  int error_number = 0;
};

// Descriptor `to` of COMMAND becomes a copy of `from`, which is above 2, close-on-exec, and no
// redirection's `to`.
struct Redirection {
  int from = -1;
  int to = -1;
};

// Plain data: pointers into storage that outlives the call, nothing with a destructor, nothing to
// allocate.
struct ChildPlan {
  // The paths of COMMAND to try in turn, null-terminated, and the arguments of execve(2).
  const char* const* candidates = nullptr;
  char* const* argv = nullptr;
  // For a file of unknown format, as execvp(3) does: /bin/sh, a slot for the path, the arguments.
  const char** shell_argv = nullptr;
  char* const* envp = nullptr;

  std::span<const Redirection> redirections;
  std::span<const int> truncated;  // the `to`s to truncate, last before the exec

  int cgroup_procs_fd = -1;  // the cgroup.procs that the child writes itself into, or -1
  int directory_fd = -1;     // the working directory, or -1
  bool set_umask = false;
  mode_t umask = 0;
  const rlimit* open_files = nullptr;  // the inherited limit, where tether raised its own

  bool new_session = false;
  bool new_group = false;
  int terminal_fd = -1;        // the terminal that gets the new group as foreground, or -1
  bool take_terminal = false;  // standard input becomes the controlling terminal

  bool no_new_privs = false;     // by prctl, where the clone did not set it
  bool die_with_parent = false;  // SIGKILL when the parent dies (prctl)
  pid_t parent = -1;             // the expected parent
  int watchdog_fd = -1;          // the channel to the watchdog, or -1

  bool close_descriptors = false;  // all above 2 but `kept`
  std::span<const int> kept;       // ascending, all above 2

  InheritedSignals signals;
  bool reset_signals = false;
  bool ignore_hangup = false;

  // Where the child reports: memory shared with the parent, or a socket to it. With the socket the
  // child execs only when a byte arrives.
  ChildReport* shared_report = nullptr;
  int control_fd = -1;
  int own_error_fd = -1;        // --exec: for a failure once standard error is COMMAND's
  int parents_control_fd = -1;  // the child's copy of the parent's end, to be closed
};

static_assert(std::is_trivially_copyable_v<ChildPlan> &&
              std::is_trivially_destructible_v<ChildPlan>);

// Carries out `plan` and execs COMMAND. On failure reports stage and errno, and exits. All signals
// must be blocked. The memory may be the parent's own.
[[noreturn]] void run_child(const ChildPlan& plan) noexcept;

// The same for run_sharing_memory(): `plan` is a ChildPlan.
[[noreturn]] void run_child_on_own_stack(void* plan) noexcept;

// Takes the same steps in this process, for --exec. Returns only on failure.
ChildReport become_command(const ChildPlan& plan) noexcept;

}  // namespace tether
