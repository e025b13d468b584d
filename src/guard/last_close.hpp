// Sees when the last copy of a descriptor that was handed over is closed, by close, exit or SIGKILL
// of whoever held it: the emulation of CLONE_PIDFD_AUTOKILL for a child that somebody else holds.
//
// Where a pidfd has a file of its own (pidfs, Linux 6.9) the pidfd itself is what they hold. It is
// locked (flock(2)), and the lock goes with the last copy of that very file: a process waits for
// it. Elsewhere all pidfds share one inode, and its locks: there a pipe goes along, the lifeline.
#pragma once

#include <string>

#include "failure.hpp"
#include "guard/helper_process.hpp"
#include "sys/clone.hpp"

namespace tether {

struct LastCloseRequest {
  CloneWay way = CloneWay::clone3;
  pid_t pid = -1;
  int pidfd = -1;     // the clone's own, which will be handed over
  std::string title;  // of the process that waits, in ps
};

class LastCloseWatch {
 public:
  // To be called before the child runs anything: who queues for the lock first gets it first.
  static Result<LastCloseWatch> start(LastCloseRequest request);

  // What has to be handed over beside the pidfd, or -1. Ours until let_go().
  [[nodiscard]] int lifeline() const { return lifeline_.get(); }
  // It has been handed over: our copy is not to count.
  void let_go() { lifeline_.reset(); }

  // For the caller's poll, of which any event means: look. -1 if there is nothing to watch.
  [[nodiscard]] int fd() const { return lifeline_read_ ? lifeline_read_.get() : waiter_.pidfd(); }
  [[nodiscard]] short events() const;
  // fd() had an event: whether the last copy is closed. If not, somebody has killed the process
  // that waits, and there is another one now.
  bool last_copy_is_closed();

  // Ends and reaps the process that waits.
  void end() { waiter_.end(); }

 private:
  Status start_waiter();

  LastCloseRequest request_;
  UniqueFd own_;          // a pidfd of the child with a file that is not handed over
  HelperProcess waiter_;  // it waits for the lock
  UniqueFd lifeline_read_;
  UniqueFd lifeline_;
};

}  // namespace tether
