// Which signal is passed on for which (--rewrite). Pure.
#pragma once

#include <array>
#include <vector>

#include "policy/options.hpp"
#include "sys/signal_names.hpp"

namespace tether {

class SignalMap {
 public:
  // Other signals stay the same. The later rewrite of a signal counts; a result is not rewritten.
  explicit SignalMap(const std::vector<Rewrite>& rewrites = {});

  // The signal to pass on for `signal`, which is from 1 to last_signal; 0: none.
  [[nodiscard]] int of(int signal) const { return map_[static_cast<std::size_t>(signal)]; }

 private:
  std::array<int, last_signal + 1> map_;
};

}  // namespace tether
