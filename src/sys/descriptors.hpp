// File descriptors by number: which ones the caller left open, closing many, 0 to 2 and the limit
// as tether finds them, writing a text.
#pragma once

#include <sys/resource.h>

#include <initializer_list>
#include <optional>
#include <string_view>
#include <vector>

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

}  // namespace tether
