// The usage of an autoreaped child so far. Nothing tells it after the child's end (no rusage, no
// RUSAGE_CHILDREN, and its files in /proc answer ESRCH), so tether looks while the child runs: the
// result is a lower bound.
#pragma once

#include <time.h>

#include <chrono>
#include <optional>

#include "report/records.hpp"
#include "sys/unique_fd.hpp"

namespace tether {

class UsageSampler {
 public:
  // `pidfd` must outlive the sampler and belong to `pid`.
  UsageSampler(pid_t pid, int pidfd);

  void sample();
  [[nodiscard]] const std::optional<Usage>& usage() const { return usage_; }

  // When to look again: soon in a short life, rarely in a long one, so that the error stays a
  // fixed part of the whole and a long job costs nothing.
  static std::chrono::milliseconds next_interval(double elapsed_s);

 private:
  void split_by_stat(double total_s, Usage& usage) const;
  void read_peak_memory(Usage& usage) const;

  int pidfd_;
  clockid_t cpu_clock_ = 0;
  bool has_clock_ = false;
  UniqueFd stat_;    // /proc/PID/stat; the open file stays with the process, not with the pid
  UniqueFd status_;  // /proc/PID/status
  std::optional<Usage> usage_;
};

}  // namespace tether
