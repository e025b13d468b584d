// The child is made and bound to tether here: by the kernel's own flags where this kernel has them,
// else by the processes and signals that stand in for them.
#pragma once

#include <optional>
#include <string>

#include "guard/last_close.hpp"
#include "guard/watchdog.hpp"
#include "policy/guarantees.hpp"
#include "policy/options.hpp"
#include "run/foreground.hpp"
#include "setup/preparation.hpp"
#include "spawn/spawn.hpp"
#include "tree/warden.hpp"

namespace tether {

// A child and what binds it, as the start record names it.
struct BoundChild {
  Child child;
  Guarantees guarantees;
  CloneWay way = CloneWay::clone3;
  Watchdog watchdog;  // only where the kernel does not end the child with tether
  Warden warden;      // only with --tree; then the warden is COMMAND's parent
  LastCloseWatch
      last_close;  // only for a child that is handed over, where the kernel does not watch
};

class Binding {
 public:
  enum class Until {
    exec,     // COMMAND runs when bind() returns
    release,  // the child waits for release(), and has not run an instruction of COMMAND
  };

  // Chooses the means and makes the child. Asks the kernel for everything first, where that is the
  // only call; if the kernel or a sandbox refuses (EINVAL, ENOSYS, EPERM), looks at what there is
  // and emulates the rest. On a Failure no child is left, and none is if a Binding goes whose child
  // was not taken. `options` and `prepared` must outlive the Binding.
  static Result<Binding> bind(const Options& options, Prepared& prepared, Until until);

  [[nodiscard]] const Child& child() const;
  // The warden that is the child's parent, or null.
  [[nodiscard]] Warden* warden();
  [[nodiscard]] const Guarantees& guarantees() const { return bound_.guarantees; }

  // Begins to watch for the last close of the pidfd that will be handed over. Before release().
  // `title` is what ps(1) shows of a process that waits for it.
  Status watch_last_close(std::string title);
  // Lets the child exec. Once, after Until::release.
  Status release();
  // The child that runs. Once.
  BoundChild take();

 private:
  Binding(const Options& options, Prepared& prepared) : options_(&options), prepared_(&prepared) {}

  static Result<Binding> attempt(const Options& options, Prepared& prepared, Until until,
                                 const KernelSupport& support, const CallerFacts& caller);
  Status make(Until until, const KernelSupport& support, const CallerFacts& caller);
  Status make_child(const SpawnRequest& request, const ChildPlan& plan);
  Status make_tree(const SpawnRequest& request, const ChildPlan& plan);
  [[nodiscard]] WardenRequest warden_request() const;

  const Options* options_;
  Prepared* prepared_;
  LentForeground foreground_;  // goes last: the child that has the foreground has ended by then
  BoundChild bound_;
  std::optional<HeldChild> held_child_;
  std::optional<HeldTree> held_tree_;
};

// The cgroup that holds the tree together, or null.
const Cgroup* cgroup_of_tree(const Options& options, const Prepared& prepared);

}  // namespace tether
