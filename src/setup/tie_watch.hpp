// The ties of a child beside tether itself: a time, processes, a descriptor. Reports when the child
// is to end, and by which tie.
#pragma once

#include <optional>
#include <vector>

#include "failure.hpp"
#include "policy/lifecycle.hpp"
#include "policy/options.hpp"
#include "sys/deadline.hpp"
#include "sys/descriptors.hpp"
#include "sys/unique_fd.hpp"

namespace tether {

class TieWatch {
 public:
  // Opens what `options` name. `parent` is the caller's pid. The descriptor stays the caller's. A
  // Failure (Stage::tie) if a process has ended, or another process has its pid now.
  Status open(const Options& options, pid_t parent, const CallersDescriptors& callers);

  // The child exists: its time begins. A second call does nothing.
  void begin(Duration timeout);

  // Adds what is watched to a poll set, which the caller waits for and then gives to reason().
  void add_to(PollSet& watched);
  // Why the child is to end, if there is a reason; each is returned once.
  std::optional<Cause> reason(const PollSet& watched);

  // When to call reason() again without an event.
  [[nodiscard]] std::optional<Clock::time_point> next_look() const;

 private:
  Status open_parent(pid_t parent);
  Status open_process(const ProcessName& name);
  Status open_descriptor(int fd, const CallersDescriptors& callers);
  bool is_at_end(short events);

  struct Process {
    UniqueFd pidfd;
    Cause cause;
    PollSet::Token token = PollSet::Token::none;
  };
  std::vector<Process> processes_;
  int eof_fd_ = -1;  // the caller's
  PollSet::Token eof_token_ = PollSet::Token::none;
  bool has_begun_ = false;
  std::optional<Clock::time_point> deadline_;
  std::optional<Clock::time_point> look_again_;  // after a hang-up with data left to read
};

}  // namespace tether
