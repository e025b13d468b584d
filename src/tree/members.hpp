// Who belongs to the tree that COMMAND is the root of, and how they are reached. Each means of
// holding a tree together has its own answer.
#pragma once

#include <memory>
#include <vector>

#include "sys/cgroup.hpp"
#include "sys/family.hpp"

namespace tether {

class Members {
 public:
  virtual ~Members() = default;

  // Whether nobody is left who could still do something, seen or not.
  virtual bool is_empty();
  // The living ones that can be found at this moment. Not ourselves.
  virtual std::vector<Relative> list() = 0;
  // Sends `signal` to one that list() has just returned: to that very process, or to nobody.
  // False and errno if it could not be sent; ESRCH if it is gone.
  virtual bool send(const Relative& member, int signal) = 0;
  // SIGKILL to all of them in one call, where there is such a call.
  virtual void kill_at_once() {}
};

// The descendants of this process, which adopts those that lose their parent
// (PR_SET_CHILD_SUBREAPER, or as PID 1); but not those of the children that it had before, by an
// exec, which are `spared`.
std::unique_ptr<Members> descendants_as_members(std::vector<Relative> spared = {});

// What is in the cgroup, and the descendants of this process that have left it. `cgroup` must
// outlive the members.
std::unique_ptr<Members> cgroup_as_members(const Cgroup& cgroup, std::vector<Relative> spared = {});

// The members of the PID namespace whose first process this is.
std::unique_ptr<Members> namespace_as_members();

}  // namespace tether
