// Moments in time as poll(2) wants them.
#pragma once

#include <algorithm>
#include <chrono>
#include <climits>

namespace tether {

// How long until `deadline`, 0 if it has passed. Rounded up: whoever sleeps that long does not wake
// too early, and so in vain.
inline std::chrono::milliseconds time_until(std::chrono::steady_clock::time_point deadline) {
  using std::chrono::milliseconds;
  const auto left = deadline - std::chrono::steady_clock::now();
  return std::max(std::chrono::ceil<milliseconds>(left), milliseconds(0));
}

// The timeout of poll(2) for `time`; the longest there is means for ever.
inline int poll_timeout(std::chrono::milliseconds time) {
  if (time == std::chrono::milliseconds::max()) return -1;
  return static_cast<int>(std::min<std::chrono::milliseconds::rep>(time.count(), INT_MAX));
}

}  // namespace tether
