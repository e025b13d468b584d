// All that COMMAND starts, seen from the loop that decides when it is to end. A warden does the
// work where there is one; as the first process of a PID namespace, or when the warden was killed,
// it is we who adopt the orphans and end them.
#pragma once

#include <chrono>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "tree/sweep.hpp"
#include "tree/warden.hpp"

namespace tether {

class Tree {
 public:
  Tree() = default;  // only COMMAND itself is watched
  // What it takes to tell who belongs to it, for one that we inherit or have from the start.
  struct Bounds {
    const Cgroup* cgroup = nullptr;   // what holds it together, or null; must outlive the Tree
    std::vector<Relative> strangers;  // the children that we had before, by an exec
  };
  Tree(Warden warden, Bounds bounds) : warden_(std::move(warden)), bounds_(std::move(bounds)) {}
  // Without a warden: we adopt. `main` is COMMAND.
  static Tree own(pid_t main, Bounds bounds);

  [[nodiscard]] explicit operator bool() const { return warden_ || sweep_; }
  // Whether a warden tells of COMMAND's stops and of its end.
  [[nodiscard]] bool has_warden() const { return warden_ && warden_.channel() >= 0; }

  // `signal` to every member, also to one that comes later, once each.
  void ask(int signal);
  // SIGKILL until nothing is left.
  void kill();

  // The pidfd from the clone of the namespace's first process, for somebody else to hold.
  UniqueFd take_pidfd(bool file) { return warden_.take_pidfd(file); }
  // The same of COMMAND's own has been taken: a warden's copy is not to count.
  void let_go_of_main();

  // To be polled; -1 if there is nothing to poll.
  [[nodiscard]] int fd() const { return warden_ ? warden_.channel() : -1; }
  // What the warden tells of COMMAND. Its word that nothing is left is kept here.
  std::optional<WardenNews> next_news();
  // Waits until the warden has told of what has happened by now; not for long.
  void get_in_step();
  // True if the warden went without that word: somebody killed it. From then on the tree is ours,
  // and `main` with it, if that has not ended.
  bool inherit(pid_t main);

  // COMMAND itself has been waited for.
  void forget_main();
  // Goes on with what we do ourselves.
  void tend();
  [[nodiscard]] std::chrono::milliseconds next_tending() const;

  // Whether nothing is left of it that could be ended.
  [[nodiscard]] bool is_over() const;
  [[nodiscard]] SweepCount count() const;

 private:
  void adopt(pid_t main);

  Warden warden_;
  Bounds bounds_;
  std::optional<Sweep> sweep_;
  std::optional<SweepCount> wardens_count_;  // its last word
  std::deque<WardenNews> early_;             // read while waiting for another
  int questions_ = 0;
};

}  // namespace tether
