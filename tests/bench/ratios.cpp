#include "ratios.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "table.hpp"

namespace bench {
namespace {

struct Ratio {
  const char* what;
  double limit;
  double target;
  std::optional<double> figure;  // none: that peer is not here
};

std::optional<double> time_to(const Figures& figures, const char* program) {
  const auto found = figures.added_ratio.find(program);
  if (found == figures.added_ratio.end()) return std::nullopt;
  return found->second;
}

std::optional<double> dirty_to_tini(const Comparison& comparison, const Figures& staying) {
  const Figures* tini = find(comparison, "tini", true);
  if (tini == nullptr || tini->dirty_kb.value_or(0) <= 0) return std::nullopt;
  return static_cast<double>(*staying.dirty_kb) / static_cast<double>(*tini->dirty_kb);
}

const Figures& keepers(const Comparison& comparison) {
  return *std::find_if(comparison.rows.begin(), comparison.rows.end(),
                       [](const Figures& figures) { return figures.who.name == keeper; });
}

std::vector<Ratio> all_of(const Comparison& comparison) {
  const Figures& waiting = *find(comparison, "tether", true);
  const Figures& in_place = *find(comparison, "tether", false);
  return {
      {"private dirty memory / tini's", 1.0, 0.75, dirty_to_tini(comparison, waiting)},
      {"the keeper's / tini's", 1.0, 0.90, dirty_to_tini(comparison, keepers(comparison))},
      {"time: in place / setsid's", 1.0, 0.85, time_to(in_place, "setsid")},
      {"time: record / tini's", 1.0, 0.90, time_to(waiting, "tini")},
      {"time: record / timeout's", 0.95, 0.80, time_to(waiting, "timeout")},
      {"time: record / bwrap's", 0.60, 0.45, time_to(waiting, "bwrap")},
  };
}

const char* verdict_on(const Ratio& ratio) {
  if (!ratio.figure) return "not compared";
  return *ratio.figure <= ratio.limit ? "ok" : "missed";
}

std::string number(double value) {
  return fmt::format("{:.2f}", value);
}

}  // namespace

std::string ratios_of(const Comparison& comparison) {
  std::vector<std::vector<std::string>> rows = {
      {"ratios, never decide", "tether", "limit", "target", "verdict"}};
  for (const Ratio& ratio : all_of(comparison))
    rows.push_back({ratio.what, ratio.figure ? number(*ratio.figure) : "-", number(ratio.limit),
                    number(ratio.target), verdict_on(ratio)});
  return layout(rows, Format::text);
}

}  // namespace bench
