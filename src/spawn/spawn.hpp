// A ChildPlan becomes a process, by one call where the kernel lets us.
#pragma once

#include <time.h>

#include "failure.hpp"
#include "spawn/child_plan.hpp"
#include "sys/clone.hpp"

namespace tether {

struct Child {
  pid_t pid = -1;
  UniqueFd pidfd;           // from the clone itself: the one an autokill child depends on
  bool autoreaped = false;  // by CLONE_AUTOREAP: ask the pidfd, never wait
  pid_t init_pid = -1;      // of its PID namespace's first process, if it has its own
  timespec started_at{};    // CLOCK_REALTIME
  timespec started{};       // CLOCK_MONOTONIC
};

struct SpawnRequest {
  CloneWay way = CloneWay::clone3;
  std::uint64_t guarantees = 0;  // clone_autoreap, clone_nnp, clone_pidfd_autokill; clone3 only
  // The directory of cgroup v2 that the child is made in, or -1; clone3 only.
  int cgroup_fd = -1;
  // By hold() and not by spawn(): forked, as a parent that is suspended (CLONE_VFORK) could do
  // nothing before the exec.
  bool is_held = false;
};

// The flags of the clone call that this request leads to.
std::uint64_t flags_of(const SpawnRequest& request);

// Returns once exec has succeeded; on failure no child is left. A Failure at Stage::clone with
// EINVAL, ENOSYS or EPERM means that this kernel or sandbox does not take the request: look at what
// it can do, and ask for that. `plan` is completed with the means of reporting.
Result<Child> spawn(const SpawnRequest& request, ChildPlan plan);

// A child that is ready for its exec and waits: COMMAND has not run an instruction. Without
// release() the child goes with this object.
class HeldChild {
 public:
  HeldChild(Child child, UniqueFd control)
      : child_(std::move(child)), control_(std::move(control)) {}
  HeldChild(HeldChild&&) = default;
  HeldChild& operator=(HeldChild&&) = delete;
  ~HeldChild();

  [[nodiscard]] const Child& child() const { return child_; }
  // Lets the child exec. To be called once; returns as spawn() does.
  Result<Child> release();

 private:
  Child child_;
  UniqueFd control_;  // the child leaves at its end of file
};

// The first half of spawn(): fails as that does.
Result<HeldChild> hold(const SpawnRequest& request, ChildPlan plan);

}  // namespace tether
