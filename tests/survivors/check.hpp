// Whether what tether claims comes true, without a table and without the tools beside it.
#pragma once

#include <cstddef>
#include <string>

namespace survivors {

// Plays each cell of tether's rows that carries a claim; `only`: of rows whose title contains it.
// Returns the exit status: 0 all claims hold, 1 one does not or cannot be judged, 77 those that
// could be played hold, and some could not.
int check(std::size_t jobs, const std::string& only);

// Whether check() finds claims that do not hold: plays some that are known to be false, beside
// others that are true. Returns 0 if each was seen for what it is, 1 if not.
int check_the_check(std::size_t jobs);

}  // namespace survivors
