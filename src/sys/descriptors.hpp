// File descriptors by number: which ones the caller left open, closing many, writing a text,
// passing them to another process.
#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <cstddef>
#include <initializer_list>
#include <optional>
#include <string_view>
#include <vector>

#include "sys/unique_fd.hpp"

namespace tether {

// Whether the caller left `fd` open. Tether's own descriptors are close-on-exec, the placeholders
// on 0 to 2 included; one that was inherited through exec cannot be.
bool is_inherited(int fd);

// Remembers which of the named descriptors the caller left open. To be made before the first one is
// used: use makes it close-on-exec like tether's own, and one may have several uses.
class CallersDescriptors {
 public:
  CallersDescriptors() = default;
  CallersDescriptors(std::initializer_list<std::optional<int>> named);
  [[nodiscard]] bool has(int fd) const;

 private:
  std::vector<int> open_;
};

// Makes a descriptor of the caller's close-on-exec, so that COMMAND gets no copy. Leaves 0 to 2,
// which COMMAND has to get, as they are.
void withhold(int fd);

// Closes every descriptor above 2 that the caller left open.
void close_inherited();

// Closes all descriptors but `kept` (in any order; ignores negative ones). Async-signal-safe.
void close_all_but(std::initializer_list<int> kept) noexcept;

// Writes the whole text. False and errno on failure.
bool write_all(int fd, std::string_view text);

// Opens a placeholder on each of 0 to 2 that is closed, so that no descriptor of tether's own lands
// there. A placeholder is close-on-exec: COMMAND finds the descriptor closed, as the caller left
// it. The result also tells whether the limit on open descriptors is tiny. `not_filled` sets errno.
enum class StandardDescriptors { filled, filled_under_tiny_limit, not_filled };
StandardDescriptors fill_standard_descriptors();

// Raises a tiny soft limit, so that tether can open what it needs. Returns the old limit, for the
// child to get back, if it was changed.
std::optional<rlimit> raise_tiny_descriptor_limit();

// The most descriptors in a message.
constexpr std::size_t most_passed = 2;

// Passes descriptors in a message of a Unix socket (unix(7), SCM_RIGHTS): on the way they stay
// open, even if the sender ends. As send(2), without SIGPIPE: one message, with those of
// `descriptors` that are not negative. The sender's own copies stay open.
ssize_t send_with_descriptors(int socket, const void* data, std::size_t size,
                              std::initializer_list<int> descriptors, int flags = 0);

// As recv(2), repeated after EINTR. Appends the descriptors, close-on-exec and in the order in
// which they were sent. EMFILE if not all of them could be received.
ssize_t receive_with_descriptors(int socket, void* data, std::size_t size,
                                 std::vector<UniqueFd>& descriptors);

}  // namespace tether
