// The keeper's way into the background: a fork of tether in a session of its own, which does all
// the work, while the original process waits for its word.
#pragma once

#include <optional>

#include "failure.hpp"
#include "policy/options.hpp"
#include "sys/signals.hpp"
#include "sys/unique_fd.hpp"

namespace tether {

// The original process, as the keeper sees it: the tether that the caller has started.
class OriginalProcess {
 public:
  explicit OriginalProcess(UniqueFd channel) : channel_(std::move(channel)) {}
  // COMMAND runs, or is ready: the original process exits with 0. Without this it exits as the
  // keeper does.
  void release();

 private:
  UniqueFd channel_;
};

// Whether the keeper has a session of its own from its fork on, or leaves the caller's later, when
// it has made a child that stays in the caller's session.
enum class KeepersSession { own, callers };

// Forks the keeper, and returns in both processes. In the keeper `original` is set and the result
// means nothing. In the original process the result is its exit status, or a Failure that is still
// to be said; signals that the original process gets meanwhile go on to the keeper, and so to
// COMMAND.
Result<int> go_to_background(std::optional<OriginalProcess>& original, KeepersSession session);

// Forks a go-between: a child that the go-between makes is an orphan when the go-between leaves.
// Returns nothing in the go-between. In the original process, which passes signals on meanwhile,
// returns the go-between's exit status, or a Failure that is still to be said. `before` are the
// signals as they were before they were taken over; those that came are pending again, for the
// program that this process becomes.
std::optional<Result<int>> fork_go_between(InheritedSignals& before);

// Closes each descriptor that is the caller's, or was meant for COMMAND, but those that tether
// itself uses (Options::keeps_open), and puts /dev/null in the place of 0 to 2.
void release_callers_descriptors(const Options& options);

}  // namespace tether
