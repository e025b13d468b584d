// Makes a child that execs COMMAND: in one step, spawn(), or in two, hold() and release().
#pragma once

#include <time.h>

#include "failure.hpp"
#include "spawn/child.hpp"
#include "sys/clone.hpp"

namespace tether {

struct Child {
  pid_t pid = -1;
  UniqueFd pidfd;           // from the clone itself: the one an autokill child depends on
  bool autoreaped = false;  // by CLONE_AUTOREAP: ask the pidfd, never wait
  pid_t init_pid = -1;      // of the first process of its own PID namespace, if any
  timespec started_at{};    // CLOCK_REALTIME
  timespec started{};       // CLOCK_MONOTONIC
};

struct SpawnRequest {
  CloneWay way = CloneWay::clone3;
  std::uint64_t guarantees = 0;  // clone_autoreap, clone_nnp, clone_pidfd_autokill; clone3 only
  // The directory of cgroup v2 that the child is made in, or -1; clone3 only.
  int cgroup_fd = -1;
  // For hold(): the child is forked, as a parent that CLONE_VFORK suspends could do nothing before
  // the exec.
  bool is_held = false;
};

// The flags of the clone call that this request leads to.
std::uint64_t flags_of(const SpawnRequest& request);

// A Child with the times of its start, which is now, and without a process.
Child child_to_be(const SpawnRequest& request);

// Returns once exec has succeeded; on failure no child is left. A Failure at Stage::clone with
// EINVAL, ENOSYS or EPERM means that this kernel or sandbox does not take the request: probe it,
// and ask for what it can do. The means of reporting are added to `plan`.
Result<Child> spawn(const SpawnRequest& request, ChildPlan plan);

// A child that is ready for its exec and waits: no instruction of COMMAND has run. Without
// release() the destructor ends and reaps the child.
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
  UniqueFd control_;  // the child exits at its end of file
};

// The first half of spawn(): fails as that does.
Result<HeldChild> hold(const SpawnRequest& request, ChildPlan plan);

}  // namespace tether
