// The child is made and bound to tether here: by the kernel's own flags where this kernel has them,
// else by the processes and signals that stand in for them.
#pragma once

#include <memory>
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

  // The child goes into `bound`. All three must outlive the Binding.
  Binding(const Options& options, Prepared& prepared, BoundChild& bound)
      : options_(options), prepared_(prepared), bound_(bound) {}
  Binding(const Binding&) = delete;
  Binding& operator=(const Binding&) = delete;
  // Ends a child that waits for release(), and what binds it, and empties `bound`.
  ~Binding();

  // Chooses the means and makes the child. Asks the kernel for everything first, where that is the
  // only call; if the kernel or a sandbox refuses (EINVAL, ENOSYS, EPERM), looks at what there is
  // and emulates the rest. On a Failure no child is left. To be called once.
  Status bind(Until until);

  [[nodiscard]] const Child& child() const;
  // The warden that is the child's parent, or null.
  [[nodiscard]] Warden* warden();
  [[nodiscard]] const Guarantees& guarantees() const { return bound_.guarantees; }

  // Begins to watch for the last close of the pidfd that will be handed over. Before release().
  // `title` is what ps(1) shows of a process that waits for it.
  Status watch_last_close(std::string title);
  // Lets the child exec. Once, after Until::release.
  Status release();
  // The child runs: it stays in `bound`. Once.
  void keep();

 private:
  Status make(Until until, const KernelSupport& support, const CallerFacts& caller);
  Status make_child(const SpawnRequest& request, const ChildPlan& plan);
  Status make_tree(const SpawnRequest& request, const ChildPlan& plan);
  [[nodiscard]] WardenRequest warden_request() const;

  const Options& options_;
  Prepared& prepared_;
  LentForeground foreground_;  // goes last: the child that has the foreground has ended by then
  BoundChild& bound_;
  bool is_kept_ = false;
  std::optional<HeldChild> held_child_;
  std::unique_ptr<HeldTree> held_tree_;  // by pointer: 370 bytes less of each stack
};

// The cgroup that holds the tree together, or null.
const Cgroup* cgroup_of_tree(const Options& options, const Prepared& prepared);

}  // namespace tether
