// The warden, a helper process between tether and COMMAND for when a whole tree is to end. It is
// COMMAND's parent, never execs, adopts the orphans of the tree, and tells what becomes of COMMAND.
// Warden and tether watch each other's pidfd: if one is killed alone, the other ends the tree.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "guard/helper_process.hpp"
#include "spawn/spawn.hpp"
#include "sys/namespaces.hpp"
#include "sys/pidfd.hpp"
#include "tree/members.hpp"
#include "tree/warden_words.hpp"

namespace tether {

// How the warden is made.
struct WardenRequest {
  // The warden is the first process of a PID namespace made so; without, it is a subreaper.
  std::optional<NamespacePlan> namespaces;
  // Holds the tree together, or null; must live as long as this process.
  const Cgroup* cgroup = nullptr;
  // Whether the warden makes a session. Not where the child has its own process group in tether's
  // session: with the parent in another one it is orphaned, its stops discarded (setpgid(2)).
  bool leaves_session = true;
  std::string command;  // for the warden's title in ps
};

class Warden {
 public:
  [[nodiscard]] explicit operator bool() const { return static_cast<bool>(process_); }
  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] int pidfd() const { return process_.pidfd(); }
  // Readable when there is news or the warden is gone; -1 once it is known to be gone.
  [[nodiscard]] int channel() const { return channel_.get(); }
  // The next news, without waiting; none if there is none.
  std::optional<WardenNews> next_news();
  // The warden's pidfd for a holder: its open file (take_file_of()), or a copy.
  UniqueFd take_pidfd(bool file) { return file ? take_file_of(pidfd(), pid_) : copy_of(pidfd()); }
  // Waits for the child's end before its exec; none if the warden ends without telling of it.
  std::optional<Ending> await_ending();
  // Sends `order`. False and errno if the warden is gone.
  bool order(WardenOrder order);

  // Ends the warden, if it has not ended, and reaps it. What is left of the tree passes to tether.
  void end() { process_.end(); }

 private:
  friend class HeldTree;
  Status start(const WardenRequest& how, const SpawnRequest& request, const ChildPlan& plan);
  Status await_ready(const WardenRequest& how, Child& child);
  Status await_exec(const WardenRequest& how);
  void dismiss();

  pid_t pid_ = -1;
  HelperProcess process_;
  UniqueFd channel_;
  std::optional<WardenNews> early_end_;  // COMMAND's end, told before `running`
};

// A warden with a child that waits before its exec. Without release() both end with this object.
class HeldTree {
 public:
  // Makes the warden and, as its child, what `request` and `plan` say. The guarantees are for the
  // first process of the namespace, if there is one, as all of that ends with it; else for the
  // child. Fails as spawn() does.
  static Result<HeldTree> hold(WardenRequest how, const SpawnRequest& request,
                               const ChildPlan& plan);
  HeldTree(HeldTree&&) = default;
  HeldTree& operator=(HeldTree&&) = delete;
  ~HeldTree();

  // Its pid is COMMAND's as tether sees it; its pidfd shares the open file of the clone's own with
  // the warden's.
  [[nodiscard]] const Child& child() const { return child_; }
  [[nodiscard]] Warden& warden() { return warden_; }
  // Lets the child exec, and moves the warden into `warden`. To be called once; returns as spawn().
  Result<Child> release(Warden& warden);

 private:
  explicit HeldTree(WardenRequest how) : how_(std::move(how)) {}

  WardenRequest how_;
  Warden warden_;
  Child child_;
};

}  // namespace tether
