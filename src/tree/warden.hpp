// The warden, a helper process between tether and COMMAND for when a whole tree is to end. It is
// COMMAND's parent, never execs, adopts the orphans of the tree, and tells what becomes of COMMAND.
// Warden and tether watch each other's pidfd: if one is killed alone, the other ends the tree.
#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "guard/helper_process.hpp"
#include "spawn/spawn.hpp"
#include "sys/cgroup.hpp"
#include "sys/ending.hpp"
#include "sys/namespaces.hpp"
#include "sys/pidfd.hpp"

namespace tether {

// What the warden tells tether, in messages of a fixed size over a socket that keeps the boundaries
// between them (SOCK_SEQPACKET).
struct WardenNews {
  enum class Kind {
    ready,      // the child, `pid`, waits for `go`; with its pidfd (SCM_RIGHTS)
    failed,     // there is no child: `stage`, `error_number`, `step`
    running,    // COMMAND runs
    stopped,    // the child was stopped by `signal`
    continued,  // the child was continued
    ended,      // the child has ended and been reaped: `ending`, and `usage` if it is known
    empty,      // no member is left but `out_of_reach`; `ended` had to be ended
    in_step,    // all that happened before the question with this number has been told
  };
  Kind kind = Kind::failed;
  Stage stage = Stage::helper;
  int error_number = 0;
  NamespaceStep step = NamespaceStep::clone;  // for Stage::namespaces
  pid_t pid = -1;                             // for `ready`, as the warden sees it
  int signal = 0;
  int question = 0;
  Ending ending{};
  bool has_usage = false;
  rusage usage{};
  int ended = 0;
  int out_of_reach = 0;
};

// What tether orders the warden to do.
struct WardenOrder {
  enum class Kind {
    go,       // lets the child exec
    ask,      // sends `signal` to every member of the tree, once
    kill,     // sends SIGKILL until no member is left
    in_step,  // asks for `in_step` with `question`
    let_go,   // the child's pidfd was handed over: the warden drops its copy of the open file
  };
  Kind kind = Kind::go;
  int signal = 0;
  int question = 0;
};

static_assert(std::is_trivially_copyable_v<WardenNews> &&
              std::is_trivially_copyable_v<WardenOrder>);

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
  // What the warden does from its fork to its end: makes the child and stays until the child's tree
  // has ended, or tether is gone and the tree with it. `channel` leads to tether, `tether` is a
  // pidfd of tether; neither is owned. noexcept: the frames above this one on the stack are
  // tether's.
  [[noreturn]] static void run(const WardenRequest& how, int channel, int tether,
                               const SpawnRequest& request, const ChildPlan& plan) noexcept;
  Status start(const WardenRequest& how, const SpawnRequest& request, const ChildPlan& plan);
  Status await_ready(const WardenRequest& how, Child& child);
  Status await_exec(const WardenRequest& how);

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
