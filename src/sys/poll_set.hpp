// The descriptors that one poll(2) call watches. add() gives a token for each, and the token asks
// for that descriptor's events afterwards: nothing depends on the order of the calls.
#pragma once

#include <poll.h>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace tether {

class PollSet {
 public:
  enum class Token : std::size_t { none = SIZE_MAX };  // `none` never has an event

  // Does not own `fd`; a negative one never has an event. POLLHUP and POLLERR come unasked, also
  // where `events` is 0.
  Token add(int fd, short events = POLLIN) {
    entries_.push_back({fd, events, 0});
    return Token{entries_.size() - 1};
  }

  // poll(2), at most `timeout_ms` milliseconds long; -1 waits without a limit. Returns false and
  // sets errno on failure, EINTR included; then no descriptor has an event.
  bool wait(int timeout_ms) { return ::poll(entries_.data(), entries_.size(), timeout_ms) >= 0; }

  // The events of the last wait(): 0 where there was none.
  [[nodiscard]] short events_of(Token token) const {
    return token == Token::none ? short{0} : entries_[static_cast<std::size_t>(token)].revents;
  }
  [[nodiscard]] bool is_ready(Token token) const { return events_of(token) != 0; }

 private:
  static constexpr std::size_t usual_size = 8;
  std::vector<pollfd> entries_;
};

}  // namespace tether
