#include "run/holder_watch.hpp"

namespace tether {

void HolderWatch::handed_over() {
  last_close_.let_go();
  receiver_ = -1;
}

void HolderWatch::add_to(PollSet& watched) {
  last_close_token_ = watched.add(last_close_.fd(), last_close_.events());
  receiver_token_ = watched.add(receiver_, 0);
}

bool HolderWatch::is_gone(const PollSet& watched) {
  const bool is_closed = watched.is_ready(last_close_token_) && last_close_.last_copy_is_closed();
  if (is_closed) last_close_ = LastCloseWatch();
  const bool has_no_receiver = watched.is_ready(receiver_token_);
  if (has_no_receiver) receiver_ = -1;
  return is_closed || has_no_receiver;
}

}  // namespace tether
