// What the user asked for: plain values, no descriptors opened, no system calls made.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace tether {

enum class Mode { wait, in_place };

struct EnvironmentChange {
  std::string name;
  std::optional<std::string> value;  // none: unset
};

struct Options {
  Mode mode = Mode::wait;

  bool autoreap = false;  // also implied by autokill
  bool autokill = false;
  bool nnp = false;
  bool strict = false;
  std::vector<int> success_status;

  bool setsid = false;
  bool setpgid = false;
  bool reset_signals = false;

  std::optional<std::string> directory;
  std::optional<mode_t> umask;
  bool clear_environment = false;
  std::vector<EnvironmentChange> environment;  // in the order given
  bool close_fds = false;
  std::vector<int> keep_fds;

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
};

}  // namespace tether
