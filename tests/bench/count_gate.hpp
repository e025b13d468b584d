// The counts against the limits of the file.
#pragma once

#include <string>

#include "counts.hpp"

namespace bench {

struct Verdict {
  std::string text;
  bool passed = true;
};

// For good in this process: one CPU, and the same addresses every time.
Verdict judge_counts(const std::string& tether, const Helpers& helpers,
                     const std::string& limits_file);

}  // namespace bench
