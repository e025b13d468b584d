// What a child's life is tied to beside tether itself: a time, processes, a descriptor. Says when,
// and by which of them, it is to end.
#pragma once

#include <poll.h>

#include <chrono>
#include <optional>
#include <vector>

#include "policy/lifecycle.hpp"
#include "policy/options.hpp"
#include "result.hpp"
#include "sys/descriptors.hpp"
#include "sys/unique_fd.hpp"

namespace tether {

class TieWatch {
 public:
  using Clock = std::chrono::steady_clock;  // CLOCK_MONOTONIC: time asleep does not count

  TieWatch() = default;
  // Opens what `options` name. `parent` is that of the tether that was called. A process that is
  // gone already is a Failure, and so is one that has another identity by now.
  static Result<TieWatch> open(const Options& options, pid_t parent,
                               const CallersDescriptors& callers);

  // The child is there: its time begins. Once; a second call does nothing.
  void begin(Duration timeout);

  // For the poll of the caller, who gives the same vector back to reason().
  void add_to(std::vector<pollfd>& watched);
  // Why the child is to end, if it is; told once. `watched` has been polled since add_to().
  std::optional<Cause> reason(const std::vector<pollfd>& watched);

  // When to ask again, whatever the poll says.
  [[nodiscard]] std::optional<Clock::time_point> next_look() const;

 private:
  Status open_parent(pid_t parent);
  Status open_process(const ProcessName& name);
  Status open_descriptor(int fd, const CallersDescriptors& callers);
  bool is_at_end(short events);

  struct Process {
    UniqueFd pidfd;
    Cause cause;
  };
  std::vector<Process> processes_;
  int eof_fd_ = -1;        // the caller's
  std::size_t first_ = 0;  // of ours in the polled vector
  bool has_begun_ = false;
  std::optional<Clock::time_point> deadline_;
  std::optional<Clock::time_point> look_again_;  // it hung up with something left to read
};

}  // namespace tether
