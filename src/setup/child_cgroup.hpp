// The cgroup of --cgroup, which COMMAND is started in: opened or made before the spawn, measured
// and removed after the end.
#pragma once

#include <string>
#include <vector>

#include "report/records.hpp"
#include "spawn/spawn.hpp"
#include "sys/cgroup.hpp"
#include "sys/clone.hpp"

namespace tether {

// Adds the path and a hint to a failure of the spawn, if `cgroup` is the reason.
Failure explain_by(const Cgroup& cgroup, Failure failure);

class ChildCgroup {
 public:
  // A directory that this makes is removed with this object at the latest, if it is empty.
  static Result<ChildCgroup> open(const std::string& path);
  ChildCgroup(ChildCgroup&&) = default;
  ChildCgroup& operator=(ChildCgroup&&) = delete;
  ~ChildCgroup() { (void)cgroup_.remove(); }

  // The child is made in the cgroup (CLONE_INTO_CGROUP), or enters it by itself. `request` and
  // `plan` get descriptors that this object owns: it must live until the spawn.
  Status enter_by(const KernelSupport& support, SpawnRequest& request, ChildPlan& plan);

  // Which fields the exit record cannot have, and why. For -v.
  [[nodiscard]] std::vector<std::string> notes() const;

  // The usage of the cgroup since open(). Replaces the times in `usage`, which may be empty.
  [[nodiscard]] CgroupRecord measure(std::optional<Usage>& usage) const;

  // After the end. Returns an empty string, or a sentence that says why the cgroup stays.
  std::string remove();

  [[nodiscard]] const Cgroup& cgroup() const { return cgroup_; }

 private:
  explicit ChildCgroup(Cgroup cgroup) : cgroup_(std::move(cgroup)), meter_(cgroup_) {}

  Cgroup cgroup_;
  CgroupMeter meter_;
  UniqueFd procs_;  // cgroup.procs, for a child that enters by itself
};

}  // namespace tether
