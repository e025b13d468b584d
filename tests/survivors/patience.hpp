// How long a test waits for an event that has to come: longer on a machine that is busy now.
#pragma once

#include <chrono>

namespace survivors {

// At least so long, and so many times the time of a spawn. Emulated kernels are slow, and only a
// failure is waited for to the end. What is waited for takes some ten spawns' time, so load alone
// does not use this up.
struct Bound {
  std::chrono::milliseconds least{30000};
  int spawns = 200;
};

// How long a small program takes at this moment from its fork to its end.
std::chrono::milliseconds time_of_a_spawn();

// Over once the bound has passed since it was made, by the slowest spawn that was measured
// meanwhile. Nothing is measured in the first seconds, in which nearly every wait ends.
class Patience {
 public:
  explicit Patience(Bound bound = {});

  // How long to wait for the event before is_over() is asked again.
  [[nodiscard]] std::chrono::milliseconds step() const { return step_; }
  bool is_over();

  [[nodiscard]] std::chrono::milliseconds passed() const;

 private:
  using Clock = std::chrono::steady_clock;

  Bound bound_;
  std::chrono::milliseconds step_;
  Clock::time_point start_ = Clock::now();
  Clock::time_point next_spawn_ = start_ + step_;
  std::chrono::milliseconds slowest_spawn_{};
};

}  // namespace survivors
