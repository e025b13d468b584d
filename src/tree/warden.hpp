// The process that stands between tether and COMMAND when a whole tree is to end: COMMAND's parent,
// which never execs, adopts whoever in the tree loses its parent, and tells what becomes of
// COMMAND. It and tether watch each other's pidfd, so that neither can be killed alone without the
// other ending the tree.
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
  // In a PID namespace of its own, of which it is the first process; else it is a subreaper.
  std::optional<NamespacePlan> namespaces;
  // What holds the tree together, or null; must live as long as this process.
  const Cgroup* cgroup = nullptr;
  // Away from the terminal. Not where the child has a group of its own in our session: that would
  // be orphaned, and its stops thrown away, were its parent in another one (setpgid(2)).
  bool leaves_session = true;
  std::string command;  // as ps shows whose warden it is
};

class Warden {
 public:
  [[nodiscard]] explicit operator bool() const { return static_cast<bool>(process_); }
  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] int pidfd() const { return process_.pidfd(); }
  // Readable when there is news, or when the warden is gone; -1 once it is known to be.
  [[nodiscard]] int channel() const { return channel_.get(); }
  // The next news, without waiting; none if there is none.
  std::optional<WardenNews> next_news();
  // take_file_of() its pidfd, or a copy.
  UniqueFd take_pidfd(bool file) { return file ? take_file_of(pidfd(), pid_) : copy_of(pidfd()); }
  // Waits for how COMMAND ended, before its exec; none if the warden ends without having told.
  std::optional<Ending> await_ending();
  // False if it is gone.
  bool order(WardenOrder order);

  // Ends the warden, if it has not ended, and reaps it. What is left of its tree is ours then.
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
  std::optional<WardenNews> early_end_;  // COMMAND's, told before it was said to run
};

// A warden whose child is ready for its exec and waits. Without release() both go with this object.
class HeldTree {
 public:
  // Makes the warden and, as its child, what `request` and `plan` say. The guarantees are for the
  // first process of a namespace, if there is one, as all of it ends with that; else for the child.
  // Fails as spawn() does.
  static Result<HeldTree> hold(WardenRequest how, const SpawnRequest& request,
                               const ChildPlan& plan);
  HeldTree(HeldTree&&) = default;
  HeldTree& operator=(HeldTree&&) = delete;
  ~HeldTree();

  // Its pid is COMMAND's as tether sees it, its pidfd shares the file of the clone's own with the
  // warden's.
  [[nodiscard]] const Child& child() const { return child_; }
  [[nodiscard]] Warden& warden() { return warden_; }
  // Lets the child exec. To be called once; returns as spawn() does, and then `warden` has the
  // warden.
  Result<Child> release(Warden& warden);

 private:
  explicit HeldTree(WardenRequest how) : how_(std::move(how)) {}

  WardenRequest how_;
  Warden warden_;
  Child child_;
};

}  // namespace tether
