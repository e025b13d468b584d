// What tether has promised to cost at most.
#pragma once

#include <string>

#include "figures.hpp"

namespace bench {

struct Verdict {
  std::string text;
  bool passed = true;  // by the figures that repeat; times never decide
};

Verdict judge(const Comparison& comparison);

}  // namespace bench
