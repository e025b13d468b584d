#include "gates.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "table.hpp"

namespace bench {
namespace {

struct Gate {
  const char* what;
  double limit;
  double target;
  int decimals;
  bool repeats;
  std::optional<double> figure;  // none: there was nobody to compare with
};

std::optional<double> ratio(const Figures& figures, const char* program) {
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

// Of tether's two ways the dearer, but for the calls: staying takes what becoming does not.
std::vector<Gate> gates_of(const Comparison& comparison) {
  const Figures& waiting = *find(comparison, "tether", true);
  const Figures& in_place = *find(comparison, "tether", false);
  const auto instructions = std::max(waiting.instructions, in_place.instructions);
  const auto faults = std::max(waiting.faults, in_place.faults);
  return {
      {"instructions to the exec, thousands", 250, 180, 0, true,
       static_cast<double>(instructions) / 1000},
      {"minor page faults", 55, 48, 0, true, static_cast<double>(faults)},
      {"system calls, in place", 25, 20, 0, true, static_cast<double>(in_place.system_calls)},
      {"system calls, with two records", 36, 33, 0, true,
       static_cast<double>(waiting.system_calls)},
      {"executable, MB", 2.5, 1.8, 2, true, static_cast<double>(waiting.bytes) / 1e6},
      {"private dirty memory / tini's", 1.0, 0.75, 2, true, dirty_to_tini(comparison, waiting)},
      {"the keeper's / tini's", 1.0, 0.90, 2, true, dirty_to_tini(comparison, keepers(comparison))},
      {"time, never decides: in place / setsid's", 1.0, 0.85, 2, false, ratio(in_place, "setsid")},
      {"time, never decides: record / tini's", 1.0, 0.90, 2, false, ratio(waiting, "tini")},
      {"time, never decides: record / timeout's", 0.95, 0.80, 2, false, ratio(waiting, "timeout")},
      {"time, never decides: record / bwrap's", 0.60, 0.45, 2, false, ratio(waiting, "bwrap")},
  };
}

const char* verdict_on(const Gate& gate) {
  if (!gate.figure) return "not compared";
  return *gate.figure <= gate.limit ? "ok" : "MISSED";
}

}  // namespace

Verdict judge(const Comparison& comparison) {
  Verdict verdict;
  std::vector<std::vector<std::string>> rows = {{"gates", "tether", "gate", "target", "verdict"}};
  for (const Gate& gate : gates_of(comparison)) {
    const auto number = [&](double value) { return fmt::format("{:.{}f}", value, gate.decimals); };
    rows.push_back({gate.what, gate.figure ? number(*gate.figure) : "-", number(gate.limit),
                    number(gate.target), verdict_on(gate)});
    if (gate.repeats && gate.figure && *gate.figure > gate.limit) verdict.passed = false;
  }
  verdict.text = layout(rows, Format::text);
  return verdict;
}

}  // namespace bench
