// Times on a machine that does other things too: all commands take turns, and each is compared with
// the others of the same round only.
#pragma once

#include <vector>

#include "process.hpp"

namespace bench {

// The middle one, or the mean of the middle two; 0 of none.
double median(std::vector<double> values);

struct Round {
  double wall_us = 0;  // median of the batch
  double faults = 0;
};

// One inner vector for each invocation: its rounds in order, each a batch of runs. The batches of a
// round are shuffled, anew for each round.
std::vector<std::vector<Round>> take_rounds(const std::vector<const Invocation*>& invocations,
                                            int rounds);

// Median over the rounds of what `with` took more than `without`.
double added_us(const std::vector<Round>& with, const std::vector<Round>& without);
double added_faults(const std::vector<Round>& with, const std::vector<Round>& without);

// Median over the rounds of the quotient of two added times.
double added_ratio(const std::vector<Round>& one, const std::vector<Round>& other,
                   const std::vector<Round>& without);

}  // namespace bench
