// The file of limits: what each count of each way may be, and where that was measured.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace bench {

struct Limit {
  std::string way;    // a contestant's name
  std::string count;  // as counts.hpp names it
  std::uint64_t here = 0;
  std::uint64_t elsewhere = 0;
};

struct Limits {
  std::vector<std::string> place;
  std::vector<Limit> rows;
};

// Throws what is wrong with it and in which line.
Limits read_limits(const std::string& path);

// Machine, kernel family, compiler and libc of this build on this host, and whether addresses are
// fixed: the words of the file's line `place`.
std::vector<std::string> place_here(bool fixed_addresses);

}  // namespace bench
