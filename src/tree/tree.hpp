// COMMAND's tree, for the loop that decides when it is to end. The warden does the work where there
// is one. As the first process of a PID namespace, or when the warden was killed, this process
// itself adopts the orphans and ends them.
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
  Tree() = default;  // COMMAND alone is watched
  // What tells the members of a tree that this process inherits, or has from the start.
  struct Bounds {
    const Cgroup* cgroup = nullptr;   // holds the tree together, or null; must outlive the Tree
    std::vector<Relative> strangers;  // children that this process had before its exec
  };
  Tree(Warden warden, Bounds bounds) : warden_(std::move(warden)), bounds_(std::move(bounds)) {}
  // Without a warden: this process adopts the orphans. `main` is COMMAND's pid.
  Tree(pid_t main, Bounds bounds) : bounds_(std::move(bounds)) { adopt(main); }

  [[nodiscard]] explicit operator bool() const { return warden_ || sweep_; }
  // Whether a warden reports COMMAND's stops and its end.
  [[nodiscard]] bool has_warden() const { return warden_ && warden_.channel() >= 0; }

  // Sends `signal` once to every member, later ones included.
  void ask(int signal);
  // Sends SIGKILL until no member is left.
  void kill();

  // The warden's pidfd, for a holder: see Warden::take_pidfd().
  UniqueFd take_pidfd(bool file) { return warden_.take_pidfd(file); }
  // COMMAND's own pidfd was handed over: the warden's copy of its open file is not to count.
  void let_go_of_main();

  // To be polled; -1 if there is nothing to poll.
  [[nodiscard]] int fd() const { return warden_ ? warden_.channel() : -1; }
  // The warden's next news of COMMAND, without waiting; none if there is none. Keeps `empty`.
  std::optional<WardenNews> next_news();
  // Waits until the warden has told what has happened by now; about two seconds at most.
  void get_in_step();
  // True if the warden ended without `empty`: it was killed. This process then takes over the tree,
  // and `main` with it if that has not ended, and starts to kill it.
  bool inherit(pid_t main);

  // COMMAND itself has been reaped.
  void forget_main() {
    if (sweep_) sweep_->set_main(-1);
  }
  // Goes on with what this process does itself.
  void tend() {
    if (sweep_) sweep_->go_on();
  }
  [[nodiscard]] std::chrono::milliseconds next_tending() const;

  // Whether no member is left that could be ended.
  [[nodiscard]] bool is_over() const;
  [[nodiscard]] SweepCount count() const;

 private:
  void adopt(pid_t main);

  Warden warden_;
  Bounds bounds_;
  std::optional<Sweep> sweep_;
  std::optional<SweepCount> wardens_count_;  // from its news `empty`
  std::deque<WardenNews> early_;             // read while waiting for other news
  int questions_ = 0;
};

}  // namespace tether
