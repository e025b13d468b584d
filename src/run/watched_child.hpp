// The process that is watched, and what keeps it bound: signals reach it, its stops and its end are
// learned here, and another process may take its place.
#pragma once

#include <chrono>
#include <csignal>
#include <optional>

#include "guard/watchdog.hpp"
#include "report/records.hpp"
#include "run/usage_sampler.hpp"
#include "spawn/spawn.hpp"
#include "sys/children.hpp"
#include "sys/pidfd.hpp"
#include "tree/warden_words.hpp"

namespace tether {

class WatchedChild {
 public:
  // Which process a signal is for.
  enum class Target { process, group };
  // Which process waits for the child, and so tells of its end.
  enum class Parent {
    tether,
    warden,                     // a subreaper
    first_process_of_namespace  // a warden as well
  };
  enum class Sampling { off, on };  // of its usage, where nothing tells that after its end

  // Takes the child and its watchdog, if it has one.
  WatchedChild(Child child, Watchdog watchdog, CloneWay way, Target target, Parent parent,
               Sampling sampling);

  [[nodiscard]] pid_t pid() const { return child_.pid; }
  [[nodiscard]] int pidfd() const { return child_.pidfd.get(); }
  // -1 where there is none.
  [[nodiscard]] int watchdog_pidfd() const { return watchdog_ ? watchdog_.pidfd() : -1; }
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
  // The warden has told how it ended.
  void set_ending(const WardenNews& news);
  // The warden is gone, and this process has inherited the child.
  void warden_is_gone();
  // Whether the kernel tells of the end only once it has released the child (POLLHUP on the pidfd).
  [[nodiscard]] bool awaits_release() const { return teller_ == Teller::kernel; }
  // After its end; empty where nothing can tell.
  [[nodiscard]] const std::optional<Usage>& usage() const { return usage_; }

  // The main process of the service is `pid` from now on, a descendant of ours. A stranger's
  // number, or one that is gone, is not believed: then false.
  bool replace_by(pid_t pid);

  // A watchdog that went is replaced, at once or when there is a process to be had.
  void replace_watchdog();
  void end_watchdog() { watchdog_.end(); }

  // What has to be done now and then, if it is time: usage looked at, a watchdog tried for again.
  void tend();
  [[nodiscard]] std::chrono::milliseconds next_tending() const;

 private:
  // Who tells how the child ended.
  enum class Teller {
    wait,             // waitid(2): the child is this process's own
    kernel,           // the pidfd (PIDFD_GET_INFO): the kernel reaps the child
    warden,           // by its channel
    wait_or_nothing,  // waitid(2), if the child outlived the warden; else it was killed with that
    wait_or_kernel,   // waitid(2), if its parent has gone; while the parent lives, that one waits
  };
  [[nodiscard]] std::optional<Ending> reap_with_usage();

  Child child_;
  Watchdog watchdog_;
  CloneWay way_;
  Target target_;
  Parent parent_;
  Teller teller_;
  std::optional<UsageSampler> sampler_;
  std::optional<Usage> usage_;
  std::optional<Ending> told_by_warden_;
  bool watchdog_missing_ = false;
  std::chrono::steady_clock::time_point last_tending_ = std::chrono::steady_clock::now();
};

}  // namespace tether
