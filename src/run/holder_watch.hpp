// Which process holds a child that is handed over. Before: the receiver, at the other end of a
// socket. After: each process with a copy of the descriptor, where the kernel does not watch the
// last close of it.
#pragma once

#include "guard/last_close.hpp"
#include "sys/deadline.hpp"

namespace tether {

class HolderWatch {
 public:
  HolderWatch() = default;  // of a child that is not handed over
  // `receiver` is the socket, or -1; stays the caller's until handed_over().
  HolderWatch(LastCloseWatch last_close, int receiver)
      : last_close_(std::move(last_close)), receiver_(receiver) {}

  // What has to be handed over beside the pidfd, or -1.
  [[nodiscard]] int lifeline() const { return last_close_.lifeline(); }
  // From here on the holders count, and neither the socket nor tether's own copy.
  void handed_over() {
    last_close_.let_go();
    receiver_ = -1;
  }

  // Adds what is watched to the caller's poll set, which is waited for, and then given to
  // is_gone().
  void add_to(PollSet& watched) {
    last_close_token_ = watched.add(last_close_.fd(), last_close_.events());
    receiver_token_ = watched.add(receiver_, 0);
  }
  // Whether no process is left that holds the child, or could receive it; told once.
  bool is_gone(const PollSet& watched) {
    const bool is_closed = watched.is_ready(last_close_token_) && last_close_.last_copy_is_closed();
    if (is_closed) last_close_ = LastCloseWatch();
    const bool has_no_receiver = watched.is_ready(receiver_token_);
    if (has_no_receiver) receiver_ = -1;
    return is_closed || has_no_receiver;
  }

 private:
  LastCloseWatch last_close_;
  int receiver_ = -1;
  PollSet::Token last_close_token_ = PollSet::Token::none;
  PollSet::Token receiver_token_ = PollSet::Token::none;
};

}  // namespace tether
