// The table: who lives on after each death, under tether and under the tools beside it.
#pragma once

#include <cstddef>
#include <string>

namespace survivors {

// Plays and prints all rows whose title contains `only`. Returns the exit status: 1 when a claim of
// tether's does not hold, something cannot be judged, or a peer is not installed and CI is set.
int make_table(std::size_t jobs, const std::string& only);

}  // namespace survivors
