// tether beside its peers, as far as that can be promised.
#pragma once

#include <string>

#include "figures.hpp"

namespace bench {

// A table. Times and what others need are not for a test to decide on.
std::string ratios_of(const Comparison& comparison);

}  // namespace bench
