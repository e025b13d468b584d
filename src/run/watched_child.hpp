// The process that is watched, and what keeps it bound: signals reach it, its stops and its end are
// learned here, and another process may take its place.
#pragma once

#include <chrono>
#include <csignal>
#include <optional>

#include "engine/keeper.hpp"
#include "engine/spawn.hpp"
#include "engine/warden_words.hpp"
#include "report/records.hpp"
#include "run/usage_sampler.hpp"
#include "sys/pidfd.hpp"

namespace tether {

class WatchedChild {
 public:
  struct Habits {
    bool own_group = false;     // signals are for its whole group
    bool sample_usage = false;  // somebody will ask what it used
    bool in_namespace = false;  // with a first process that waits for it
  };

  // Takes the child and its keeper, if it has one.
  WatchedChild(Child child, Keeper keeper, CloneWay way, Habits habits);

  [[nodiscard]] pid_t pid() const { return child_.pid; }
  [[nodiscard]] int pidfd() const { return child_.pidfd.get(); }
  // -1 where there is none.
  [[nodiscard]] int keeper_pidfd() const { return keeper_ ? keeper_.pidfd() : -1; }
  // Seconds since the clone.
  [[nodiscard]] double elapsed() const;

  // To its group, if that is its own, else to it alone.
  void signal(int signal);

  // SIGKILL to it alone.
  void kill_alone() { (void)send_signal(child_.pidfd.get(), SIGKILL); }

  // take_file_of() its pidfd, or a copy.
  UniqueFd take_pidfd(bool file) {
    return file ? take_file_of(child_.pidfd.get(), child_.pid) : copy_of(child_.pidfd.get());
  }

  // How it ended, once its pidfd is readable. None as long as the kernel has not released it, if
  // that is awaited; else it was not ours to ask.
  std::optional<Ending> learn_ending();
  // How it ended, where another process is its parent and has told.
  void set_ending(const WardenNews& news);
  // That process is gone, and we have inherited the child.
  void parent_is_gone();
  [[nodiscard]] bool awaits_release() const { return child_.autoreaped; }
  // After its end; empty where nothing can tell.
  [[nodiscard]] const std::optional<Usage>& usage() const { return usage_; }

  // The main process of the service is `pid` from now on, a descendant of ours. A stranger's
  // number, or one that is gone, is not believed: then false.
  bool replace_by(pid_t pid);

  // A keeper that went is replaced, at once or when there is a process to be had.
  void replace_keeper();
  void end_keeper() { keeper_.end(); }

  // What has to be done now and then, if it is time: usage looked at, a keeper tried for again.
  void tend();
  [[nodiscard]] std::chrono::milliseconds next_tending() const;

 private:
  Child child_;
  Keeper keeper_;
  CloneWay way_;
  Habits habits_;
  std::optional<UsageSampler> sampler_;
  std::optional<Usage> usage_;
  bool reported_ = false;  // by a warden, which waits for it
  std::optional<Ending> reported_ending_;
  bool lost_parent_ = false;
  bool was_adopted_ = false;  // it is not our own child by birth
  bool keeper_missing_ = false;
  std::chrono::steady_clock::time_point last_tending_ = std::chrono::steady_clock::now();
};

}  // namespace tether
