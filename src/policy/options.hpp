// What the command line asks for, as plain values: nothing is opened, no system call is made.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tether {

enum class Mode {
  wait,       // stay, and exit with COMMAND's status
  detach,     // exit once COMMAND runs, or is ready
  hand_over,  // give COMMAND's pidfd to a receiver, and exit
  in_place,   // become COMMAND
  stop,       // end the process that a pidfile names
};

// The duration of an option; `never` for 0 or inf.
using Duration = std::chrono::microseconds;
constexpr Duration never = Duration::max();
// A hundred years: can be added to a time of any clock.
constexpr Duration longest_duration = std::chrono::hours(24) * 365 * 100;

struct EnvironmentChange {
  std::string name;
  std::optional<std::string> value;  // none: unset
};

// A process by its pid, and perhaps by its pidfs inode, which is not used again.
struct ProcessName {
  pid_t pid = -1;
  std::optional<std::uint64_t> inode;
};

// A signal that is passed on as another one.
struct Rewrite {
  int from = 0;
  int to = 0;  // 0: not passed on
};

// How COMMAND reports that it is ready.
struct Notify {
  enum class Kind { descriptor, socket };
  Kind kind = Kind::socket;
  int fd = -1;  // of COMMAND, for Kind::descriptor
};

struct Options {
  Mode mode = Mode::wait;

  bool autoreap = false;  // also implied by autokill
  bool autokill = false;
  bool nnp = false;
  bool tree = false;  // also implied by pid_namespace
  bool pid_namespace = false;
  std::optional<std::string> cgroup;
  bool strict = false;
  std::optional<int> pidfd_fd;        // a socket; with `become` the number for the pidfd
  std::optional<std::string> become;  // a shell command
  // No option sets this: the kernel does not end the child at the last close of its pidfd.
  bool watches_last_close = false;
  std::vector<int> success_status;
  Duration timeout = never;
  bool preserve_status = false;
  bool die_with_parent = false;
  std::vector<ProcessName> die_with;
  std::optional<int> die_on_eof;
  int signal = SIGTERM;  // the first of an ending
  Duration kill_after = std::chrono::seconds(5);

  bool setsid = false;
  bool setpgid = false;
  bool ctty = false;
  bool nohup = false;
  bool reset_signals = false;
  std::vector<Rewrite> rewrites;  // in the order given

  std::optional<std::string> standard_input;
  std::optional<std::string> standard_output;
  std::optional<std::string> standard_error;
  std::optional<std::string> log;  // output and error
  bool truncate = false;
  std::optional<std::string> directory;
  std::optional<mode_t> umask;
  bool clear_environment = false;
  std::vector<EnvironmentChange> environment;  // in the order given
  bool close_fds = false;
  std::vector<int> keep_fds;
  std::optional<std::string> pidfile;

  std::optional<Notify> notify;
  Duration ready_timeout = never;
  std::optional<int> block_fd;

  bool json = false;
  std::optional<int> status_fd;
  std::optional<std::string> status_file;
  bool print_pid = false;
  bool verbose = false;
  bool quiet = false;

  bool dry_run = false;
  bool features = false;
  bool help = false;
  bool version = false;

  char** command = nullptr;  // the tail of main's argv, byte for byte; null if there is none

  // COMMAND's descriptor for readiness, if it has one.
  [[nodiscard]] std::optional<int> notify_fd() const {
    if (!notify || notify->kind != Notify::Kind::descriptor) return std::nullopt;
    return notify->fd;
  }
  // Whether tether uses this descriptor of the caller for as long as the child lives.
  [[nodiscard]] bool keeps_open(int fd) const { return fd == status_fd || fd == die_on_eof; }
  // Whether a keeper stays for a child that tether leaves.
  [[nodiscard]] bool leaves_keeper() const {
    const bool holds_child = mode == Mode::detach && autokill;
    return leaves_child() &&
           (holds_child || watches_last_close || has_tie() || cgroup || status_fd || status_file);
  }
  [[nodiscard]] bool leaves_child() const {
    return mode == Mode::detach || mode == Mode::hand_over;
  }
  // Whether COMMAND gets no descriptor above 2 but those kept for it. Also if the pidfd goes over a
  // socket: with a copy of the receiver's end COMMAND would hold its own pidfd.
  [[nodiscard]] bool closes_descriptors() const {
    return close_fds || mode == Mode::detach || (mode == Mode::hand_over && !become);
  }
  // Whether tether may have to end the child. Then the child must not outlive tether either.
  [[nodiscard]] bool has_tie() const {
    return timeout != never || die_with_parent || !die_with.empty() || die_on_eof || tree;
  }
  // Whether tether or its keeper is there to learn how the child ended.
  [[nodiscard]] bool learns_ending() const {
    return mode == Mode::wait || leaves_keeper() || notify.has_value();
  }
  [[nodiscard]] bool new_session() const { return setsid || mode == Mode::detach; }
  [[nodiscard]] bool wants_autoreap() const { return autoreap || autokill || leaves_child(); }
};

}  // namespace tether
