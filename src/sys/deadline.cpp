#include "sys/deadline.hpp"

#include <algorithm>
#include <cerrno>
#include <climits>

namespace tether {

using std::chrono::milliseconds;

milliseconds time_until(Clock::time_point deadline) {
  return std::max(std::chrono::ceil<milliseconds>(deadline - Clock::now()), milliseconds(0));
}

int poll_timeout(milliseconds time) {
  if (time == milliseconds::max()) return -1;
  return static_cast<int>(std::min<milliseconds::rep>(time.count(), INT_MAX));
}

Awaited await(int fd, milliseconds patience, short events) {
  const bool is_limited = patience != milliseconds::max();
  const auto end = is_limited ? Clock::now() + patience : Clock::time_point::max();
  while (true) {
    pollfd entry{fd, events, 0};
    const milliseconds left = is_limited ? time_until(end) : patience;
    const int ready = ::poll(&entry, 1, poll_timeout(left));
    if (ready > 0) return Awaited::ready;
    if (ready == 0 && Clock::now() >= end) return Awaited::timed_out;
    if (ready < 0 && errno != EINTR) return Awaited::failed;
  }
}

bool has_event(int fd, short events) {
  pollfd entry{fd, events, 0};
  return ::poll(&entry, 1, 0) > 0;
}

}  // namespace tether
