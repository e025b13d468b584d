// Everything the child needs between clone and exec, made before the clone. Plain data: pointers
// into storage that outlives the call, nothing with a destructor, nothing to allocate.
#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <cstddef>
#include <type_traits>

#include "stage.hpp"
#include "sys/signals.hpp"

namespace tether {

// What the child says when it could not become COMMAND, or that it is ready to.
struct ChildReport {
  bool ready = false;
  bool failed = false;
  bool stopped = false;  // SIGTSTP came before the exec, and was put off
  Stage stage = Stage::exec;
  int error_number = 0;
};

// What descriptor `to` of COMMAND is. `from` is above 2, close-on-exec, and no other redirection's
// `to`.
struct Redirection {
  int from = -1;
  int to = -1;
};

struct ChildPlan {
  // COMMAND: the paths to try in turn, null-terminated, and what execve gets.
  const char* const* candidates = nullptr;
  char* const* argv = nullptr;
  // For a file without a known format, as execvp does: /bin/sh, a slot for the path, the arguments.
  const char** shell_argv = nullptr;
  char* const* envp = nullptr;

  const Redirection* redirections = nullptr;
  std::size_t redirection_count = 0;
  const int* truncated = nullptr;  // which of them to empty, last of all
  std::size_t truncated_count = 0;

  int cgroup_procs_fd = -1;  // cgroup.procs of where it has to go by itself, if not negative
  int directory_fd = -1;     // changed into, if not negative
  bool set_umask = false;
  mode_t umask = 0;
  const rlimit* open_files = nullptr;  // the inherited limit, where tether raised its own

  bool new_session = false;
  bool new_group = false;
  int terminal_fd = -1;        // its foreground becomes the new group, if not negative
  bool take_terminal = false;  // standard input becomes the controlling terminal

  bool no_new_privs = false;     // by prctl: the clone did not do it
  bool die_with_parent = false;  // SIGKILL when the parent dies (prctl)
  pid_t parent = -1;             // who that has to be
  int watchdog_fd = -1;          // tell the watchdog our pid there and wait for its answer

  bool close_descriptors = false;  // all above 2 but those kept
  const int* kept = nullptr;       // ascending, all above 2
  std::size_t kept_count = 0;

  InheritedSignals signals;
  bool reset_signals = false;
  bool ignore_hangup = false;

  // Where the child reports: memory shared with the parent, or a socket to it. With the socket the
  // child says it is ready and execs when a byte arrives.
  ChildReport* shared_report = nullptr;
  int control_fd = -1;
  int own_error_fd = -1;  // in place: where a failure can be told once standard error is COMMAND's
  int parents_control_fd = -1;  // the parent's end, a copy of which the child has and must close
};

static_assert(std::is_trivially_copyable_v<ChildPlan> &&
              std::is_trivially_destructible_v<ChildPlan>);

}  // namespace tether
