// The lines and words of a file of the kernel's.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace tether {

// Takes the first line off `text`, without its newline; empty at the end.
std::string_view take_line(std::string_view& text);

// Takes the first word off `text`, and the blanks, tabs and newlines before it; empty at the end.
std::string_view take_word(std::string_view& text);

// For texts of lines "KEY VALUE", where a blank or a tab is between the two: the number behind
// `key`.
std::optional<std::uint64_t> number_of(std::string_view text, std::string_view key);

}  // namespace tether
