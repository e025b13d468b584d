// Runs between clone and exec.
#pragma once

#include "spawn/child_plan.hpp"

namespace tether {

// Carries out `plan` and execs COMMAND; where it cannot, reports stage and errno, and ends.
// Async-signal-safe throughout; all signals must be blocked. May share memory with the parent.
[[noreturn]] void run_child(const ChildPlan& plan) noexcept;

// The same for run_sharing_memory(): `plan` is a ChildPlan.
[[noreturn]] void run_child_on_own_stack(void* plan) noexcept;

// The same steps on this very process, for --exec: returns only if something failed.
ChildReport become_command(const ChildPlan& plan) noexcept;

}  // namespace tether
