#include "policy/signal_map.hpp"

#include <numeric>

namespace tether {

SignalMap::SignalMap(const std::vector<Rewrite>& rewrites) {
  std::iota(map_.begin(), map_.end(), 0);
  for (const Rewrite& rewrite : rewrites) map_[static_cast<std::size_t>(rewrite.from)] = rewrite.to;
}

}  // namespace tether
