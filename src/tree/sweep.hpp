// Which processes belong to COMMAND's tree, and how it is ended: asks every member once, then kills
// the members it finds until none is left, or none that can be ended.
#pragma once

#include <chrono>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "sys/cgroup.hpp"
#include "sys/deadline.hpp"
#include "sys/processes.hpp"

namespace tether {

// The processes of a tree, and how to signal them: one kind for each means of holding it together.
class Members {
 public:
  virtual ~Members() = default;

  // Whether no member is left that could still run, visible or not.
  virtual bool is_empty() = 0;
  // The living members that can be found at this moment, without this process.
  virtual std::vector<Relative> list() = 0;
  // Sends `signal` to a member that list() has just returned: to that very process or to none.
  // False and errno on failure; ESRCH if the member is gone.
  virtual bool send(const Relative& member, int signal) = 0;
  // Sends SIGKILL to all members in one call, where there is such a call.
  virtual void kill_at_once() {}
};

// The descendants of this process, which adopts the orphans among them (PR_SET_CHILD_SUBREAPER, or
// as PID 1), and the processes in `cgroup`, which must outlive the members, unless it is null.
// Without `spared`, the children that this process had before its exec, and their descendants.
std::unique_ptr<Members> members_of_tree(const Cgroup* cgroup, std::vector<Relative> spared = {});

// All processes of the PID namespace of which this process is the first.
std::unique_ptr<Members> members_of_namespace();

struct SweepCount {
  int ended = 0;         // members that had to be ended, without COMMAND itself
  int out_of_reach = 0;  // members that live on
};

class Sweep {
 public:
  Sweep() = default;
  explicit Sweep(std::unique_ptr<Members> members) : members_(std::move(members)) {}

  // COMMAND's pid, which is not counted; -1 once COMMAND has been reaped.
  void set_main(pid_t main) { main_ = main; }

  // From now on every member gets `signal` once, and SIGCONT so that a stopped one can act on it.
  void ask(int signal);
  // From now on every member gets SIGKILL.
  void kill();

  // Does what is due. To be called after every death, and after next_look(): a tree can grow faster
  // than one look at it takes. The calling code reaps.
  void go_on();
  [[nodiscard]] std::chrono::milliseconds next_look() const;

  // Whether no member is left, or only members that cannot be ended.
  [[nodiscard]] bool is_over() const { return gave_up_ || members_->is_empty(); }
  // Valid once is_over().
  [[nodiscard]] SweepCount count() const;

 private:
  using Name = std::pair<pid_t, std::uint64_t>;  // pid and start time: no later process has both
  enum class Mode { watching, asking, killing };

  enum class Sent { yes, not_permitted, gone };
  Sent send(const Relative& member, int signal);
  void ask_all();
  void kill_all();

  std::unique_ptr<Members> members_;
  pid_t main_ = -1;
  Mode mode_ = Mode::watching;
  int asked_with_ = 0;
  Clock::time_point began_killing_;
  bool gave_up_ = false;
  int rounds_ = 0;
  int left_ = 0;
  std::set<Name> found_before_;  // in the round before, which sent them SIGKILL
  std::set<Name> asked_;
  std::set<Name> ended_;
};

}  // namespace tether
