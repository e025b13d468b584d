// The watchdog, a helper process that SIGKILLs the child when tether dies: the emulation of
// autokill where the parent-death signal is not enough, because COMMAND could clear it (prctl(2),
// PR_SET_PDEATHSIG: any change of credentials, any program with file capabilities).
#pragma once

#include <utility>

#include "failure.hpp"
#include "guard/helper_process.hpp"
#include "sys/clone.hpp"

namespace tether {

class Watchdog {
 public:
  Watchdog() = default;  // owns no watchdog

  // Starts a watchdog that watches this process and waits to be told the child's pid on
  // childs_end(); until then the child must not exec. To be called before the clone of the child,
  // which inherits childs_end(). A Failure is at Stage::helper.
  static Result<Watchdog> start(CloneWay way) { return fork(way, -1, -1); }

  // Starts a watchdog for a child that runs already: `pidfd` and `pid` name it. ESRCH if the child
  // has ended. Returns when the watchdog watches.
  static Result<Watchdog> start_for(CloneWay way, pid_t pid, int pidfd);

  [[nodiscard]] explicit operator bool() const { return static_cast<bool>(process_); }
  // Readable when the watchdog has ended.
  [[nodiscard]] int pidfd() const { return process_.pidfd(); }
  [[nodiscard]] int childs_end() const { return channel_.get(); }
  // To be called once the child has met the watchdog, which needs no more than the two pidfds then.
  void close_channel() { channel_.reset(); }

  // Ends and reaps the watchdog, which has nothing left to watch by then; so does the destructor.
  void end() { process_.end(); }

 private:
  static Result<Watchdog> fork(CloneWay way, pid_t pid, int pidfd);
  explicit Watchdog(UniqueFd pidfd, UniqueFd channel = {})
      : process_(std::move(pidfd)), channel_(std::move(channel)) {}

  HelperProcess process_;
  UniqueFd channel_;
};

}  // namespace tether
