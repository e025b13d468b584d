// What a child's life is tied to beside tether itself: a time, processes, a descriptor. Says when,
// and by which of them, it is to end.
#pragma once

#include <optional>
#include <vector>

#include "failure.hpp"
#include "policy/lifecycle.hpp"
#include "policy/options.hpp"
#include "sys/deadline.hpp"
#include "sys/descriptors.hpp"
#include "sys/poll_set.hpp"
#include "sys/unique_fd.hpp"

namespace tether {

class TieWatch {
 public:
  TieWatch() = default;
  // Opens what `options` name. `parent` is that of the tether that was called. A process that is
  // gone already is a Failure, and so is one that has another identity by now.
  static Result<TieWatch> open(const Options& options, pid_t parent,
                               const CallersDescriptors& callers);

  // The child is there: its time begins. Once; a second call does nothing.
  void begin(Duration timeout);

  // Adds what is watched to the caller's poll set, which is waited for, and then given to reason().
  void add_to(PollSet& watched);
  // Why the child is to end, if there is a reason; told once.
  std::optional<Cause> reason(const PollSet& watched);

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
    PollSet::Token token{};
  };
  std::vector<Process> processes_;
  int eof_fd_ = -1;  // the caller's
  PollSet::Token eof_token_{};
  bool has_begun_ = false;
  std::optional<Clock::time_point> deadline_;
  std::optional<Clock::time_point> look_again_;  // it hung up with something left to read
};

}  // namespace tether
