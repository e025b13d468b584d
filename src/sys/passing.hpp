// Passes file descriptors to another process, in a message of a Unix socket (unix(7), SCM_RIGHTS).
// On the way they stay open, even if the sender ends.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <initializer_list>
#include <vector>

#include "sys/unique_fd.hpp"

namespace tether {

// The most descriptors in a message.
constexpr std::size_t most_passed = 2;

// As send(2), without SIGPIPE: one message, with those of `descriptors` that are not negative. The
// sender's own copies stay open.
ssize_t send_with_descriptors(int socket, const void* data, std::size_t size,
                              std::initializer_list<int> descriptors, int flags = 0);

// As recv(2), repeated after EINTR. Appends the descriptors, close-on-exec and in the order in
// which they were sent. EMFILE if not all of them could be received.
ssize_t receive_with_descriptors(int socket, void* data, std::size_t size,
                                 std::vector<UniqueFd>& descriptors);

}  // namespace tether
