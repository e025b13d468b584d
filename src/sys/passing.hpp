// Descriptors on their way from one process to another, in a message of a Unix socket (unix(7),
// SCM_RIGHTS). On the way they stay open, whoever sent them.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <initializer_list>
#include <vector>

#include "sys/unique_fd.hpp"

namespace tether {

// The most that a message carries here.
constexpr std::size_t most_passed = 2;

// As send(2), without SIGPIPE: one message, with those of `descriptors` that are not negative. They
// stay open here.
ssize_t send_with_descriptors(int socket, const void* data, std::size_t size,
                              std::initializer_list<int> descriptors, int flags = 0);

// As recv(2). What came along is close-on-exec, in the order in which it was sent. An EINTR is
// looked at again. EMFILE: not all of it could be received.
ssize_t receive_with_descriptors(int socket, void* data, std::size_t size,
                                 std::vector<UniqueFd>& descriptors);

}  // namespace tether
