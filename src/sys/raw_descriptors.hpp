// Closes many descriptors at once, without libc.
#pragma once

namespace tether {

// The highest number a descriptor could have.
constexpr unsigned highest_fd = ~0U;
// The end of a loop over all descriptors: more than any hard limit should be.
constexpr unsigned most_fds = 1U << 20;

// Closes the descriptors from `first` to `last`, both included: by close_range(2) (Linux 5.9), or
// one by one up to the hard limit where a sandbox does not know that call.
void close_between(unsigned first, unsigned last) noexcept;

}  // namespace tether
