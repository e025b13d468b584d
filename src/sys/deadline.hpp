// Deadlines in the milliseconds of poll(2), and the ways to wait for one descriptor or for several.
#pragma once

#include <poll.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace tether {

using Clock = std::chrono::steady_clock;  // CLOCK_MONOTONIC: stops while the machine is suspended

// The time until `deadline`; 0 if it has passed. Rounded up, so that a process that sleeps this
// long does not wake before the deadline.
std::chrono::milliseconds time_until(Clock::time_point deadline);

// `time` as a timeout of poll(2); milliseconds::max() is no limit.
int poll_timeout(std::chrono::milliseconds time);

// What ended a wait. `failed` leaves the reason in errno.
enum class Awaited { ready, timed_out, failed };

// Waits until `fd` has one of `events`, POLLHUP or POLLERR, at most for `patience`;
// milliseconds::max() waits without a limit. A signal handler does not end the wait (EINTR).
Awaited await(int fd, std::chrono::milliseconds patience, short events = POLLIN);

// Whether `fd` has one of `events`, POLLHUP or POLLERR at this moment.
bool has_event(int fd, short events = POLLIN);

// The descriptors that one poll(2) call watches. add() gives a token for each, and the token asks
// for that descriptor's events afterwards: nothing depends on the order of the calls.
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
  std::vector<pollfd> entries_;
};

}  // namespace tether
