// A small process that ends the child when the process that holds it is gone: the emulation of
// autokill where the parent-death signal alone would not do, because COMMAND could clear it
// (prctl(2), PR_SET_PDEATHSIG: any change of credentials, any program with file capabilities).
#pragma once

#include "engine/helper_process.hpp"
#include "result.hpp"
#include "sys/clone.hpp"

namespace tether {

class Keeper {
 public:
  // Ends the keeper, which has nothing left to watch by then, and reaps it; so does the destructor.
  void end() { process_.end(); }

  // Starts a keeper that watches this process. It waits to be told the child's pid on childs_end();
  // until then the child must not exec. Call it before the clone of the child, which inherits
  // childs_end().
  static Result<Keeper> start(CloneWay way);

  // A keeper for a child that runs already: our own, not reaped, so that the pid is still its.
  static Result<Keeper> start_for(CloneWay way, pid_t child);

  [[nodiscard]] explicit operator bool() const { return static_cast<bool>(process_); }
  [[nodiscard]] int pidfd() const { return process_.pidfd(); }
  [[nodiscard]] int childs_end() const { return channel_.get(); }
  // Once the child has met the keeper: from then on only the two processes are watched.
  void close_channel() { channel_.reset(); }

 private:
  HelperProcess process_;
  UniqueFd channel_;
};

}  // namespace tether
