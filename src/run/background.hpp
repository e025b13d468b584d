// The keeper's way into the background: a fork of tether in a session of its own, which does all
// the work, while the tether that was called waits for its word.
#pragma once

#include <optional>
#include <string>

#include "policy/options.hpp"
#include "result.hpp"
#include "sys/signals.hpp"
#include "sys/unique_fd.hpp"

namespace tether {

// The tether that was called, as the keeper sees it.
class Caller {
 public:
  explicit Caller(UniqueFd channel) : channel_(std::move(channel)) {}
  // COMMAND runs, or is ready: the caller's tether returns 0. Without this it returns what the
  // keeper returns.
  void release();

 private:
  UniqueFd channel_;
};

// Returns twice. In the keeper `caller` is set and the result means nothing. In the tether that was
// called the result is what it is to return; signals that it gets meanwhile go on to the keeper,
// and so to COMMAND.
// With KeepersSession::callers the keeper has still to leave the session, once it has made a child
// that is to stay there.
enum class KeepersSession { own, callers };
Result<int> go_to_background(std::optional<Caller>& caller, KeepersSession session);

// Forks a tether whose children will be nobody's here when it leaves. Returns nothing in it. In the
// tether that was called, which passes signals on meanwhile, returns what the fork has left with.
// `before` are the signals as they were before they were taken over; those that came are pending
// again, for who goes on as this process.
std::optional<Result<int>> fork_go_between(InheritedSignals& before);

// What ps(1) shows of a keeper.
std::string keeper_title(pid_t child, const Options& options);

// Closes all that is the caller's, or was meant for COMMAND, but what tether itself holds, and puts
// /dev/null in the place of 0 to 2.
void release_callers_descriptors(const Options& options);

}  // namespace tether
