// Moments in time as poll(2) takes them, and the one way to wait for a single descriptor.
#pragma once

#include <poll.h>

#include <chrono>

namespace tether {

using Clock = std::chrono::steady_clock;  // CLOCK_MONOTONIC: time asleep does not count

// How long until `deadline`; 0 if the deadline has passed. Rounded up: a process that sleeps that
// long does not wake too early, and so in vain.
std::chrono::milliseconds time_until(Clock::time_point deadline);

// The timeout of poll(2) for `time`; milliseconds::max() is no limit.
int poll_timeout(std::chrono::milliseconds time);

// What ended a wait. `failed` leaves the reason in errno.
enum class Awaited { ready, timed_out, failed };

// Waits until `fd` has one of `events`, POLLHUP or POLLERR, at most for `patience`; 0 only looks,
// milliseconds::max() waits without a limit. A signal handler does not end the wait (EINTR).
Awaited await(int fd, std::chrono::milliseconds patience, short events = POLLIN);

}  // namespace tether
