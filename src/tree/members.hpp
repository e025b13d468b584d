// Which processes belong to COMMAND's tree, and how to signal them: one kind of Members for each
// means of holding a tree together.
#pragma once

#include <memory>
#include <vector>

#include "sys/cgroup.hpp"
#include "sys/family.hpp"

namespace tether {

class Members {
 public:
  virtual ~Members() = default;

  // Whether no member is left that could still run, visible or not.
  virtual bool is_empty();
  // The living members that can be found at this moment, without this process.
  virtual std::vector<Relative> list() = 0;
  // Sends `signal` to a member that list() has just returned: to that very process or to none.
  // False and errno on failure; ESRCH if the member is gone.
  virtual bool send(const Relative& member, int signal) = 0;
  // Sends SIGKILL to all members in one call, where there is such a call.
  virtual void kill_at_once() {}
};

// The descendants of this process, which adopts the orphans among them (PR_SET_CHILD_SUBREAPER, or
// as PID 1). Without `spared`, the children that it had before its exec, and their descendants.
std::unique_ptr<Members> descendants_as_members(std::vector<Relative> spared = {});

// The processes in the cgroup, and the descendants of this process that have left it. `cgroup` must
// outlive the members.
std::unique_ptr<Members> cgroup_as_members(const Cgroup& cgroup, std::vector<Relative> spared = {});

// All processes of the PID namespace of which this process is the first.
std::unique_ptr<Members> namespace_as_members();

}  // namespace tether
