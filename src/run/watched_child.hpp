// The child that is watched, with the watchdog that keeps it bound: signals are sent to it, its end
// is learned, and another main process may take its place.
#pragma once

#include <chrono>
#include <csignal>
#include <optional>

#include "guard/watchdog.hpp"
#include "report/records.hpp"
#include "run/usage_sampler.hpp"
#include "spawn/spawn.hpp"
#include "sys/deadline.hpp"
#include "sys/pidfd.hpp"
#include "tree/warden.hpp"

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

  // Sends `signal` to the child, or to its process group if it was made with its own.
  void signal(int signal);

  // SIGKILL to the child alone.
  void kill_alone() { (void)send_signal(child_.pidfd.get(), SIGKILL); }

  // The pidfd for another process to hold: by take_file_of(), or a copy.
  UniqueFd take_pidfd(bool file) {
    return file ? take_file_of(child_.pidfd.get(), child_.pid) : copy_of(child_.pidfd.get());
  }

  // How the child ended, once its pidfd is readable. None as long as the warden has not told, or
  // the kernel has not released the child; else none if another process has waited for it.
  std::optional<Ending> learn_ending();
  // The warden has told how it ended.
  void set_ending(const WardenNews& news);
  // The warden is gone, and this process has inherited the child.
  void warden_is_gone();
  // Whether the kernel tells of the end only once it has released the child (POLLHUP on the pidfd).
  [[nodiscard]] bool awaits_release() const { return teller_ == Teller::kernel; }
  // After the end; empty where nothing can tell.
  [[nodiscard]] const std::optional<Usage>& usage() const { return usage_; }

  // Watches `pid` from now on, the main process of the service. False if `pid` is no descendant of
  // this process, or has ended: then nothing changes.
  bool replace_by(pid_t pid);

  // Replaces a watchdog that has ended, at once or when a process can be had again.
  void replace_watchdog();
  void end_watchdog() { watchdog_.end(); }

  // Does what is due at times: samples the usage, tries again to start a watchdog.
  void tend();
  [[nodiscard]] std::chrono::milliseconds next_tending() const;

 private:
  // Who tells how the child ended.
  enum class Teller {
    wait,            // waitid(2): the child is this process's own
    kernel,          // the pidfd (PIDFD_GET_INFO): the kernel reaps the child
    warden,          // by its channel
    wait_or_killed,  // waitid(2), if the child outlived the warden; else it was killed with that
    wait_or_kernel,  // waitid(2), if its parent has gone; while the parent lives, that one waits
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
  Clock::time_point last_tending_ = Clock::now();
};

}  // namespace tether
