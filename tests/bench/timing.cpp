#include "timing.hpp"

#include <algorithm>
#include <limits>
#include <numeric>
#include <random>

namespace bench {
namespace {

constexpr int runs_in_a_batch = 10;

// A comparison with a tool that took no time: noise, and never in our favour.
constexpr double never = std::numeric_limits<double>::infinity();

Round run_batch(const Invocation& invocation) {
  std::vector<double> walls;
  std::vector<double> faults;
  for (int i = 0; i < runs_in_a_batch; ++i) {
    const Cost cost = run(invocation);
    walls.push_back(static_cast<double>(cost.wall.count()) / 1000);
    faults.push_back(static_cast<double>(cost.minor_faults));
  }
  return {median(walls), median(faults)};
}

template <typename Figure>
double median_over_rounds(std::size_t rounds, Figure figure) {
  std::vector<double> values;
  for (std::size_t i = 0; i < rounds; ++i) values.push_back(figure(i));
  return median(values);
}

}  // namespace

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

std::vector<std::vector<Round>> take_rounds(const std::vector<const Invocation*>& invocations,
                                            int rounds) {
  std::vector<std::vector<Round>> taken(invocations.size());
  std::vector<std::size_t> order(invocations.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::mt19937 random(1);  // the same orders every time
  for (int round = 0; round < rounds; ++round) {
    std::shuffle(order.begin(), order.end(), random);
    for (const std::size_t i : order) taken[i].push_back(run_batch(*invocations[i]));
  }
  return taken;
}

double added_us(const std::vector<Round>& with, const std::vector<Round>& without) {
  return median_over_rounds(with.size(),
                            [&](std::size_t i) { return with[i].wall_us - without[i].wall_us; });
}

double added_faults(const std::vector<Round>& with, const std::vector<Round>& without) {
  return median_over_rounds(with.size(),
                            [&](std::size_t i) { return with[i].faults - without[i].faults; });
}

double added_ratio(const std::vector<Round>& one, const std::vector<Round>& other,
                   const std::vector<Round>& without) {
  return median_over_rounds(one.size(), [&](std::size_t i) {
    const double base = other[i].wall_us - without[i].wall_us;
    return base > 0 ? (one[i].wall_us - without[i].wall_us) / base : never;
  });
}

}  // namespace bench
