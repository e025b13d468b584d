// Descriptors by number: closing many at once, writing all there is.
#pragma once

#include <initializer_list>
#include <optional>
#include <string_view>
#include <vector>

#include "sys/raw_descriptors.hpp"

namespace tether {

// Whether the caller left `fd` open. Ours are close-on-exec, the placeholders of closed standard
// descriptors included; what was handed down cannot be.
bool is_inherited(int fd);

// Which of the descriptors that were named the caller left open. To be asked before the first of
// them is put to use: that makes it close-on-exec, as if it were ours, and one may have several.
class CallersDescriptors {
 public:
  CallersDescriptors() = default;
  CallersDescriptors(std::initializer_list<std::optional<int>> named);
  [[nodiscard]] bool has(int fd) const;

 private:
  std::vector<int> open_;
};

// Makes a descriptor of the caller's close-on-exec, so that COMMAND gets no copy of it. Of 0 to 2
// COMMAND has its share.
void withhold(int fd);

// Closes every descriptor above 2 that the caller left open.
void close_inherited();

// Async-signal-safe. Closes every descriptor but these, in any order.
void close_all_but(std::initializer_list<int> kept) noexcept;

// Writes the whole text. False and errno on failure.
bool write_all(int fd, std::string_view text);

}  // namespace tether
