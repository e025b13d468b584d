// Descriptors by number: closing many at once, writing all there is.
#pragma once

#include <string_view>

namespace tether {

// Async-signal-safe. Closes the descriptors from `first` to `last`, both included: close_range(2)
// (Linux 5.9), or one by one up to the limit where a sandbox does not know that call.
void close_between(unsigned first, unsigned last) noexcept;

// Whether the caller left `fd` open. Ours are close-on-exec, the placeholders of closed standard
// descriptors included; what was handed down cannot be.
bool is_inherited(int fd);

// The highest number a descriptor could have.
constexpr unsigned highest_fd = ~0U;

// Closes every descriptor above 2 that the caller left open.
void close_inherited();

// Writes the whole text. False and errno on failure.
bool write_all(int fd, std::string_view text);

}  // namespace tether
