// Whoever holds a child that is handed over: until then its receiver, the other end of a socket;
// from then on the last copy of what went there, where we are the ones to watch that.
#pragma once

#include <poll.h>

#include <vector>

#include "engine/holder_watch.hpp"

namespace tether {

class Hold {
 public:
  Hold() = default;  // nobody's: the child is not handed over
  // `receiver` is the socket, or -1; stays the caller's until handed_over().
  Hold(HolderWatch holder, int receiver) : holder_(std::move(holder)), receiver_(receiver) {}

  // What has to be handed over beside the pidfd, or -1.
  [[nodiscard]] int lifeline() const { return holder_.lifeline(); }
  // From here on the holder counts, not the socket, and what copies we have do not.
  void handed_over();

  // For the poll of the caller, who gives the same vector back to is_gone().
  void add_to(std::vector<pollfd>& watched);
  // Nobody is left who holds the child, or could get it; told once.
  bool is_gone(const std::vector<pollfd>& watched);

 private:
  HolderWatch holder_;
  int receiver_ = -1;
  std::size_t first_ = 0;  // of ours in the polled vector
};

}  // namespace tether
