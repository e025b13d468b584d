// A directory of cgroup v2, held open: where its path leads later does not matter. A cgroup cannot
// be renamed, so the parent directory and the last name are enough to remove it. Each Failure is at
// Stage::cgroup and names the file or directory.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "failure.hpp"
#include "sys/unique_fd.hpp"

namespace tether {

class Cgroup {
 public:
  // Opens the directory. Makes the last component of the path if it is missing.
  static Result<Cgroup> open_or_make(const std::string& path);
  // As open_or_make(), but makes nothing: a missing directory is a Failure only if it could not be
  // made.
  static Result<Cgroup> look(const std::string& path);

  // An O_PATH descriptor that the Cgroup owns, for CLONE_INTO_CGROUP and openat(2).
  [[nodiscard]] int fd() const { return directory_.get(); }
  // As the user named it.
  [[nodiscard]] const std::string& path() const { return path_; }
  // From the root, without symbolic links; path() where /proc is missing.
  [[nodiscard]] const std::string& full_path() const { return full_path_; }
  [[nodiscard]] bool is_there() const { return static_cast<bool>(directory_); }
  // Whether tether made the directory; then every process in it is tether's to end.
  [[nodiscard]] bool was_made() const { return was_made_; }

  // A Failure if the directory was there before and has processes in it or below, which are not
  // tether's to end (tether may be one), or is threaded. To be called before the spawn.
  [[nodiscard]] Status check_free_of_others() const;

  // Whether a living process is in it or below; zombies do not count. Some kernels answer yes for a
  // moment after the last process was reaped (seen on 7.2 and 7.3, not up to 6.18).
  [[nodiscard]] bool is_populated() const;
  // cgroup.events, owned by the Cgroup. POLLPRI: the last answer of is_populated(), which has to be
  // called first, may be out of date. -1 in the root of the hierarchy, which has no such file.
  [[nodiscard]] int events_fd() const { return events_.get(); }
  // Waits at most `patience` until no process is in it or below. Returns whether none is.
  [[nodiscard]] bool wait_until_empty(std::chrono::milliseconds patience) const;

  // The processes in it and below that have a number in this PID namespace.
  [[nodiscard]] std::vector<pid_t> members() const;
  [[nodiscard]] bool contains(pid_t pid) const;

  // Sends SIGKILL to every process in it and below, those that are being forked included. Uses
  // cgroup.kill (Linux 5.14), or kill_one_by_one() where that file is missing or not writable. May
  // return before the processes have ended. A Failure if this process is in it.
  [[nodiscard]] Status kill() const;
  // Freezes the cgroup, so that nothing forks, and sends SIGKILL until it is empty, for two seconds
  // at most: a frozen process of cgroup v2 still dies of SIGKILL. A Failure if a process is left.
  [[nodiscard]] Status kill_one_by_one() const;

  // The file that is not writable but must be, to put a child there; empty if there is none. That
  // is cgroup.procs of the directory, and of the nearest directory above both it and this process
  // (cgroups(7), Delegation). A directory that tether has yet to make will be its own.
  [[nodiscard]] std::string unwritable_file() const;

  // Removes the directory, if tether made it, and the empty ones that COMMAND made below it. Waits
  // a moment for processes that are ending. EBUSY: a process is left, and the directory stays. Does
  // nothing the second time.
  Status remove();

 private:
  Cgroup(std::string path, UniqueFd parent, std::string name)
      : path_(std::move(path)), name_(std::move(name)), parent_(std::move(parent)) {}

  static Result<Cgroup> locate(const std::string& path);
  bool open_directory();
  Status make();
  [[nodiscard]] Failure failure(int error_number, const char* file = nullptr) const;
  [[nodiscard]] int signal_members(int signal) const;

  std::string path_;
  std::string full_path_;
  std::string name_;    // the last component of the path
  UniqueFd parent_;     // O_PATH
  UniqueFd directory_;  // O_PATH
  UniqueFd events_;     // cgroup.events
  bool was_made_ = false;
};

// As Cgroup::members().
std::vector<pid_t> members_of_cgroup(int directory_fd);

// Whether the directory is one of cgroup v2.
bool is_cgroup2(int directory_fd);

// Measured by CgroupMeter.
struct CgroupUsage {
  std::uint64_t user_us = 0;
  std::uint64_t system_us = 0;
  // None without the controller or on a kernel without the file (5.10 has neither file, 6.1 both),
  // and where a higher peak from before the start hides the new one.
  std::optional<std::uint64_t> memory_peak_bytes;
  std::optional<std::uint64_t> pids_peak;
};

class CgroupMeter {
 public:
  // Measures from now on. In a directory that tether made, everything counts.
  explicit CgroupMeter(const Cgroup& cgroup);

  // What was used until now. `cgroup` is the same one. None if cpu.stat cannot be read.
  [[nodiscard]] std::optional<CgroupUsage> read(const Cgroup& cgroup) const;

 private:
  std::uint64_t user_us_ = 0;
  std::uint64_t system_us_ = 0;
  std::optional<std::uint64_t> memory_peak_;
  std::optional<std::uint64_t> pids_peak_;
  UniqueFd reset_memory_peak_;  // reads the peak since the start
};

}  // namespace tether
