// The process that stands between tether and COMMAND when a whole tree is to end: COMMAND's parent,
// which never execs, adopts whoever in the tree loses its parent, and tells what becomes of
// COMMAND. It and tether watch each other's pidfd, so that neither can be killed alone without the
// other ending the tree.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "engine/members.hpp"
#include "engine/spawn.hpp"
#include "engine/warden_words.hpp"
#include "sys/namespaces.hpp"
#include "sys/pidfd.hpp"

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
  Warden() = default;
  Warden(Warden&&) = default;
  Warden& operator=(Warden&& other) noexcept;
  ~Warden() { end(); }

  // Makes the warden and, as its child, what `request` and `plan` say. As spawn(): returns once
  // exec has succeeded; on failure neither is left. The guarantees are for the first process of a
  // namespace, if there is one, as all of it ends with that; else for the child. The Child's pid is
  // COMMAND's as we see it, its pidfd shares the file of the clone's own with the warden's.
  static Result<Child> spawn(const WardenRequest& how, const SpawnRequest& request,
                             const ChildPlan& plan, Warden& warden);

  [[nodiscard]] explicit operator bool() const { return static_cast<bool>(pidfd_); }
  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] int pidfd() const { return pidfd_.get(); }
  // Readable when there is news, or when the warden is gone; -1 once it is known to be.
  [[nodiscard]] int channel() const { return channel_.get(); }
  // The next news, without waiting; none if there is none.
  std::optional<WardenNews> next_news();
  // take_file_of() its pidfd, or a copy.
  UniqueFd take_pidfd(bool file) {
    return file ? take_file_of(pidfd_.get(), pid_) : copy_of(pidfd_.get());
  }
  // False if it is gone.
  bool order(WardenOrder order);

  // Ends the warden, if it has not ended, and reaps it. What is left of its tree is ours then.
  void end();

 private:
  Status start(const WardenRequest& how, const SpawnRequest& request, const ChildPlan& plan);
  Status bring_up(const WardenRequest& how, const SpawnRequest& request, Child& child);

  void dismiss();

  pid_t pid_ = -1;
  UniqueFd pidfd_;
  UniqueFd channel_;
  bool autoreaped_ = false;
  std::optional<WardenNews> early_end_;  // COMMAND's, told before it was said to run
};

// How a child whose pidfd is readable ended, before it became COMMAND: learned from the kernel, or
// from the warden that is its parent.
std::optional<Ending> learn_ending_of(const Child& child);

}  // namespace tether
