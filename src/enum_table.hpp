// Tables with a row for each value of an enum, in its order.
#pragma once

#include <cstddef>

namespace tether {

// Whether `table` has a row for each value up to `last`, and each in its place: `key` is the member
// that has the value. For static_assert.
template <typename Row, std::size_t size, typename Enum>
constexpr bool has_each(const Row (&table)[size], Enum Row::*key, Enum last) {
  for (std::size_t i = 0; i < size; ++i)
    if (table[i].*key != static_cast<Enum>(i)) return false;
  return size == static_cast<std::size_t>(last) + 1;
}

template <typename Row, std::size_t size, typename Enum>
constexpr const Row& row_of(const Row (&table)[size], Enum value) {
  return table[static_cast<std::size_t>(value)];
}

// A row that has the name of the value, and nothing else.
template <typename Enum>
struct Named {
  Enum value;
  const char* name;
};

}  // namespace tether
