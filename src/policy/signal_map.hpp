// What a signal is passed on as, where the user wants another one for it (--rewrite).
#pragma once

#include <array>
#include <vector>

#include "policy/options.hpp"
#include "sys/signal_names.hpp"

namespace tether {

class SignalMap {
 public:
  // Every signal stays what it is, but for these. Of two for one signal the later one counts, and
  // none applies to the result of another.
  explicit SignalMap(const std::vector<Rewrite>& rewrites = {});

  // What `signal` is passed on as; 0: it is not.
  [[nodiscard]] int of(int signal) const { return map_[static_cast<std::size_t>(signal)]; }

 private:
  std::array<int, last_signal + 1> map_;
};

}  // namespace tether
