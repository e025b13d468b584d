#include "run/hold.hpp"

namespace tether {

void Hold::handed_over() {
  holder_.let_go();
  receiver_ = -1;
}

void Hold::add_to(std::vector<pollfd>& watched) {
  first_ = watched.size();
  watched.push_back({holder_.fd(), holder_.events(), 0});
  watched.push_back({receiver_, 0, 0});
}

bool Hold::is_gone(const std::vector<pollfd>& watched) {
  const bool is_closed = watched[first_].revents != 0 && holder_.last_copy_is_closed();
  if (is_closed) holder_ = HolderWatch();
  const bool has_no_receiver = watched[first_ + 1].revents != 0;
  if (has_no_receiver) receiver_ = -1;
  return is_closed || has_no_receiver;
}

}  // namespace tether
