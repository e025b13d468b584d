// Rows of text in columns.
#pragma once

#include <string>
#include <vector>

#include "figures.hpp"

namespace bench {

enum class Format { text, markdown };

// The first row is the head; the first column is set to the left, the others to the right.
std::string layout(const std::vector<std::vector<std::string>>& rows, Format format);

// The comparison, with what the figures mean and who is missing.
std::string table_of(const Comparison& comparison, Format format);

// 123456 as "123 456".
std::string grouped(std::uintmax_t number);

}  // namespace bench
