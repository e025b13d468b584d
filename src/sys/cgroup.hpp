// A directory of cgroup v2, held open: where a path leads later does not matter. (A cgroup cannot
// be renamed, so that the parent and the last name are good for its removal.)
// A Failure is one of Stage::cgroup and names the file or the directory that it is about.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <vector>

#include "failure.hpp"
#include "sys/unique_fd.hpp"

namespace tether {

class Cgroup {
 public:
  // Opens the directory, or makes it; of its path only the last component.
  static Result<Cgroup> open_or_make(const std::string& path);
  // The same without a trace: a directory that is not there is not made, and a Failure only if that
  // would fail.
  static Result<Cgroup> look(const std::string& path);

  // O_PATH, for CLONE_INTO_CGROUP and for reading its files.
  [[nodiscard]] int fd() const { return directory_.get(); }
  // As the user named it.
  [[nodiscard]] const std::string& path() const { return path_; }
  // From the root, without links; the above where that cannot be told (no /proc).
  [[nodiscard]] const std::string& full_path() const { return full_path_; }
  [[nodiscard]] bool is_there() const { return static_cast<bool>(directory_); }
  // By us: then what is in it is ours as well.
  [[nodiscard]] bool was_made() const { return was_made_; }

  // A Failure if there are processes in it, or below, that are not ours to end: it was there before
  // us and is not empty. This process itself may be one of them. To be asked before the spawn.
  [[nodiscard]] Status check_free_of_others() const;

  // Whether a process is in it, or below: one that lives, zombies do not count. Some kernels still
  // say yes for a moment after the last one was reaped (seen on 7.2 and 7.3, not up to 6.18).
  [[nodiscard]] bool is_populated() const;
  // Poll it for POLLPRI: whether it is populated may have changed. is_populated() must have been
  // called before. -1 in the root of the hierarchy, which has no such file.
  [[nodiscard]] int events_fd() const { return events_.get(); }
  // Waits until it is empty, at most for `patience`; whether it is.
  [[nodiscard]] bool wait_until_empty(std::chrono::milliseconds patience) const;

  // The processes in it and below, as far as this PID namespace has a number for them.
  [[nodiscard]] std::vector<pid_t> members() const;
  [[nodiscard]] bool contains(pid_t pid) const;

  // SIGKILL to every process in it and below, also to those that are just being forked. They may
  // need a moment to go: wait for that. By cgroup.kill; where that is missing (before Linux 5.14)
  // or not ours to write, one by one. Refuses if this process is in it.
  [[nodiscard]] Status kill() const;
  // The second way of kill(): freezes it, so that nothing forks (the frozen still die of SIGKILL,
  // cgroup v2 has that), and kills until nothing is left, for two seconds at most.
  [[nodiscard]] Status kill_one_by_one() const;

  // The file that keeps this process from putting a child there, if it is a matter of permission:
  // writable must be cgroup.procs of the directory, and of the nearest one that is above both it
  // and this process (cgroups(7), Delegation). Empty if both are. A directory that is not there yet
  // will be this process's own.
  [[nodiscard]] std::string unwritable_file() const;

  // If we made it: removes it and what COMMAND has made below it, as far as that is empty; gives
  // processes that are about to go a moment for that. Else, and the second time, does nothing.
  // EBUSY: a process is left in it, and so it stays.
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

// The processes in this directory and below, as Cgroup::members().
std::vector<pid_t> members_of_cgroup(int directory_fd);

// Whether the directory is one of cgroup v2.
bool is_cgroup2(int directory_fd);

}  // namespace tether
