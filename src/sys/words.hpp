// Splits the text of a kernel file into lines and words. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace tether {

// Takes the first line off `text`, without its newline; empty at the end.
std::string_view take_line(std::string_view& text);

// Takes the first word off `text`, and the blanks, tabs and newlines before it; empty at the end.
std::string_view take_word(std::string_view& text);

// The number after `key` in a text of lines "KEY VALUE", with blanks or tabs between the two; none
// if there is none.
std::optional<std::uint64_t> number_of(std::string_view text, std::string_view key);

}  // namespace tether
