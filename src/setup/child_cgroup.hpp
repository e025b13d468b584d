// The cgroup that COMMAND is started in, by --cgroup: opened or made before the spawn, measured and
// removed again after the end.
#pragma once

#include <string>
#include <vector>

#include "report/records.hpp"
#include "spawn/spawn.hpp"
#include "sys/cgroup.hpp"
#include "sys/cgroup_meter.hpp"
#include "sys/kernel_support.hpp"

namespace tether {

// A failed spawn explained, if `cgroup` is why.
Failure explain_by(const Cgroup& cgroup, Failure failure);

class ChildCgroup {
 public:
  // What is made here is removed with this object at the latest, if it is empty.
  static Result<ChildCgroup> open(const std::string& path);
  ChildCgroup(ChildCgroup&&) = default;
  ChildCgroup& operator=(ChildCgroup&&) = delete;
  ~ChildCgroup() { (void)cgroup_.remove(); }

  // Has the child made in it; where no call can do that, the child goes there by itself. Must live
  // until the spawn.
  Status enter_by(const KernelSupport& support, SpawnRequest& request, ChildPlan& plan);

  // What the record will not know, and what has to change for that. For -v.
  [[nodiscard]] std::vector<std::string> notes() const;

  // What was used in it since it was opened; replaces the times in `usage`, which may be empty.
  [[nodiscard]] CgroupRecord measure(std::optional<Usage>& usage) const;

  // After the end. Empty, or a sentence that says that it stays, as something is left in it.
  std::string remove();

  [[nodiscard]] const Cgroup& cgroup() const { return cgroup_; }

 private:
  explicit ChildCgroup(Cgroup cgroup) : cgroup_(std::move(cgroup)), meter_(cgroup_) {}

  Cgroup cgroup_;
  CgroupMeter meter_;
  UniqueFd procs_;  // cgroup.procs, for a child that goes there by itself
};

}  // namespace tether
