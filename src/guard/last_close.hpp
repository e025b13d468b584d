// Notices when the last copy of a descriptor that was handed over is closed, by close, exit or
// SIGKILL of its holders: the emulation of CLONE_PIDFD_AUTOKILL for a child that has a holder.
// Where a pidfd has an inode of its own (pidfs, Linux 6.9) the holders have the pidfd itself. It is
// locked (flock(2)); the lock goes with the last copy of that open file, and the lock waiter waits
// for it. Before, all pidfds share one inode and its locks: a pipe, the lifeline, is handed over as
// well.
#pragma once

#include <poll.h>

#include <string>

#include "failure.hpp"
#include "guard/helper_process.hpp"
#include "sys/clone.hpp"

namespace tether {

struct LastCloseRequest {
  CloneWay way = CloneWay::clone3;
  pid_t pid = -1;
  int pidfd = -1;     // from the clone, to be handed over; not owned
  std::string title;  // of the lock waiter, in ps
};

class LastCloseWatch {
 public:
  // To be called before COMMAND runs: the first in the queue for the lock gets it first.
  static Result<LastCloseWatch> start(LastCloseRequest request);

  // The descriptor to hand over beside the pidfd, or -1. Owned here until let_go().
  [[nodiscard]] int lifeline() const { return lifeline_.get(); }
  // Closes this process's copy, which is not to count, once the lifeline has been handed over.
  void let_go() { lifeline_.reset(); }

  // To be polled for events(): any event calls for last_copy_is_closed(). -1: nothing to watch.
  [[nodiscard]] int fd() const { return lifeline_read_ ? lifeline_read_.get() : waiter_.pidfd(); }
  // A holder may write to the lifeline: that is no event.
  [[nodiscard]] short events() const { return lifeline_read_ ? short{0} : short{POLLIN}; }
  // After an event of fd(): whether the last copy is closed. If not, the lock waiter was killed and
  // a new one waits; true as well if none can be started.
  bool last_copy_is_closed();

  // Ends and reaps the lock waiter.
  void end() { waiter_.end(); }

 private:
  Status start_waiter();

  LastCloseRequest request_;
  UniqueFd own_;          // a pidfd of the child; its open file is not handed over
  HelperProcess waiter_;  // the lock waiter
  UniqueFd lifeline_read_;
  UniqueFd lifeline_;
};

}  // namespace tether
