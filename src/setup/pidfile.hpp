// --pidfile: FILE holds a pid and a newline, for everybody. Beside it FILE.tether holds the
// identity of that process, as a number alone can be a stranger's after a crash or a reboot, and is
// the lock between two starts. FILE is believed only while the two agree and that very process
// lives: nothing that COMMAND inherits plays a part, so that no child of its own can keep a dead
// service running.
#pragma once

#include <optional>
#include <string>

#include "failure.hpp"
#include "sys/process_identity.hpp"
#include "sys/unique_fd.hpp"

namespace tether {

class Pidfile {
 public:
  // A process that a pidfile names, and that is the one it was written for.
  struct Running {
    ProcessIdentity identity;
    UniqueFd pidfd;
  };

  // Takes the lock for a start and keeps it until write_for(); nobody else can start by this file
  // meanwhile. A Failure at Stage::running if the process lives. A privileged caller is refused
  // links and what others own: `path` could be a trap. Waits for other starts, not for ever.
  static Result<Pidfile> claim(const std::string& path);

  // Opens the file for --stop: who runs by it, if anybody.
  static Result<Pidfile> look(const std::string& path, std::optional<Running>& running);

  Pidfile(Pidfile&& other) noexcept = default;
  Pidfile& operator=(Pidfile&&) = delete;
  // A claim that led to no write leaves nothing behind.
  ~Pidfile();

  // Puts both files in place for the child, which has not become COMMAND yet, and lets go of the
  // lock. May be called again when the service names another main process.
  Status write_for(pid_t child, int pidfd);

  // Removes both files, if they are still about the process that was written or found.
  void remove();

 private:
  explicit Pidfile(std::string path) : path_(std::move(path)) {}
  [[nodiscard]] std::string identity_path() const { return path_ + ".tether"; }
  Status check_trust() const;
  Status write(const ProcessIdentity& child);
  enum class IfMissing { create, leave };
  Status lock(IfMissing if_missing);
  void unlock();
  [[nodiscard]] std::optional<ProcessIdentity> believed() const;
  [[nodiscard]] Result<std::optional<Running>> find_running() const;

  std::string path_;
  UniqueFd lock_;  // FILE.tether, while it is locked
  std::optional<ProcessIdentity> subject_;
};

}  // namespace tether
