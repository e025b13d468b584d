// File descriptors by number: which ones the caller left open, closing many, writing a text.
#pragma once

#include <initializer_list>
#include <optional>
#include <string_view>
#include <vector>

#include "sys/raw_descriptors.hpp"

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

}  // namespace tether
