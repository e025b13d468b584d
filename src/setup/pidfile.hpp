// --pidfile: FILE holds a pid and a newline, for other programs. FILE.tether beside it holds the
// identity of that process, as the pid can be another process's after a crash or a reboot, and is
// the lock between two starts. FILE is believed only while the two agree and that process lives.
// COMMAND inherits nothing of this: no child of COMMAND can make a dead service appear to run.
#pragma once

#include <optional>
#include <string>

#include "failure.hpp"
#include "sys/processes.hpp"
#include "sys/unique_fd.hpp"

namespace tether {

class Pidfile {
 public:
  // The process that a pidfile was written for, alive.
  struct Running {
    ProcessIdentity identity;
    UniqueFd pidfd;
  };

  // Takes the lock for a start and keeps it until write_for(): no other start can use the file
  // meanwhile. Waits up to 10 s for the lock. A Failure at Stage::running if the process lives;
  // at Stage::pidfile also for a file of another user and, as root, for a link: it may be a trap.
  static Result<Pidfile> claim(const std::string& path);

  // Opens the file for --stop. `running`: the process that it names, if that lives.
  static Result<Pidfile> look(const std::string& path, std::optional<Running>& running);

  Pidfile(Pidfile&& other) noexcept = default;
  Pidfile& operator=(Pidfile&&) = delete;
  // Removes what a claim has made, if nothing was written.
  ~Pidfile();

  // Puts both files in place for the child, which has not executed COMMAND yet, and releases the
  // lock. `pidfd` stays the caller's. Called again if the service names another main process.
  Status write_for(pid_t child, int pidfd);

  // Removes both files, if they still name the process that was written or found.
  void remove();

 private:
  explicit Pidfile(std::string path) : path_(std::move(path)) {}
  [[nodiscard]] std::string identity_path() const { return path_ + ".tether"; }
  Status check_trust() const;
  Status write(const ProcessIdentity& child);
  enum class IfMissing { create, leave };
  Status lock(IfMissing if_missing);
  void unlock();
  [[nodiscard]] Result<std::optional<Running>> find_running() const;

  std::string path_;
  UniqueFd lock_;  // FILE.tether, while it is locked
  std::optional<ProcessIdentity> subject_;
};

}  // namespace tether
