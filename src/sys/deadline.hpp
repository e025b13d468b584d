// Deadlines in the milliseconds of poll(2), and the one way to wait for a single descriptor.
#pragma once

#include <poll.h>

#include <chrono>

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

}  // namespace tether
