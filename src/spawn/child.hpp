// What runs in the child between clone and exec. Async-signal-safe, without libc.
#pragma once

#include "spawn/child_plan.hpp"

namespace tether {

// Carries out `plan` and execs COMMAND. On failure reports stage and errno, and exits. All signals
// must be blocked. The memory may be the parent's own.
[[noreturn]] void run_child(const ChildPlan& plan) noexcept;

// The same for run_sharing_memory(): `plan` is a ChildPlan.
[[noreturn]] void run_child_on_own_stack(void* plan) noexcept;

// Takes the same steps in this process, for --exec. Returns only on failure.
ChildReport become_command(const ChildPlan& plan) noexcept;

}  // namespace tether
