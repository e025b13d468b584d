// Closing many descriptors at once, without libc.
#pragma once

namespace tether {

// The highest number a descriptor could have.
constexpr unsigned highest_fd = ~0U;
// Where descriptors are gone through one by one: more than anybody's hard limit should be.
constexpr unsigned most_fds = 1U << 20;

// Closes the descriptors from `first` to `last`, both included: close_range(2) (Linux 5.9), or one
// by one up to the limit where a sandbox does not know that call.
void close_between(unsigned first, unsigned last) noexcept;

}  // namespace tether
