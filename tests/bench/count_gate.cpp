#include "count_gate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <utility>
#include <vector>

#include "footprint.hpp"
#include "limits.hpp"
#include "process.hpp"
#include "table.hpp"

namespace bench {
namespace {

constexpr const char* memory = "private memory, kB";

const Contestant* named(const std::vector<Contestant>& all, const std::string& name) {
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const Contestant& who) { return who.name == name; });
  return found != all.end() ? &*found : nullptr;
}

bool is_continuous_integration() {
  const char* const value = std::getenv("CI");
  return value != nullptr && *value != '\0' && std::string_view(value) != "false";
}

std::string verdict_on(std::uint64_t figure, std::uint64_t limit) {
  if (figure > limit) return fmt::format("{} TOO MANY", figure - limit);
  return figure == limit ? "ok" : fmt::format("ok, {} below", limit - figure);
}

// What of this place is not as in the file; empty if all is.
std::string difference(const std::vector<std::string>& measured,
                       const std::vector<std::string>& here) {
  std::string text;
  for (std::size_t i = 0; i < std::max(measured.size(), here.size()); ++i) {
    const std::string there = i < measured.size() ? measured[i] : "nothing";
    const std::string found = i < here.size() ? here[i] : "nothing";
    if (found != there)
      text += fmt::format("{}{} where {} was", text.empty() ? "" : ", ", found, there);
  }
  return text;
}

std::uint64_t memory_of(const Contestant& peer, const Helpers& helpers) {
  settle(peer.words.front());
  try {
    return count(memory, peer, helpers, UINT64_MAX);
  } catch (const std::runtime_error&) {
    return 0;
  }
}

// In no verdict: a peer's memory is its own packager's.
std::string beside_tini(const std::vector<Contestant>& all, const Helpers& helpers,
                        const std::vector<std::pair<std::string, std::uint64_t>>& kept) {
  const Contestant* const tini = named(all, "tini -s");
  if (tini == nullptr) return "tini is not installed: no comparison of private memory\n";
  const std::uint64_t its = memory_of(*tini, helpers);
  if (its == 0) return "tini does not work here: no comparison of private memory\n";
  std::string text = fmt::format("tini keeps {} kB", its);
  for (const auto& [way, kb] : kept)
    text += fmt::format("; {}: {:.2f} of that", way,
                        static_cast<double>(kb) / static_cast<double>(its));
  return text + "\n";
}

std::string about_place(const std::string& differs, bool passed_by_place) {
  if (differs.empty()) return {};
  return fmt::format("not the place of the limits ({}): the column `elsewhere` was taken{}\n",
                     differs,
                     passed_by_place ? "" : "; CI is set, so this FAILS: measure anew, or go back");
}

}  // namespace

Verdict judge_counts(const std::string& tether, const Helpers& helpers,
                     const std::string& limits_file) {
  const Limits limits = read_limits(limits_file);
  become_subreaper();
  pin_to_one_cpu();
  std::vector<std::string> missing;
  const std::vector<Contestant> all = contestants(tether, missing);
  settle(tether);
  settle(helpers.target);
  settle(helpers.libc_start);
  const std::string differs = difference(limits.place, place_here(make_repeatable()));

  Verdict verdict;
  std::vector<std::vector<std::string>> rows = {{"way", "count", "tether", "limit", "verdict"}};
  std::vector<std::pair<std::string, std::uint64_t>> kept;
  for (const Limit& limit : limits.rows) {
    const Contestant* const who = named(all, limit.way);
    if (who == nullptr) throw std::runtime_error(fmt::format("there is no way '{}'", limit.way));
    const std::uint64_t most = differs.empty() ? limit.here : limit.elsewhere;
    const std::uint64_t figure = count(limit.count, *who, helpers, most);
    rows.push_back(
        {limit.way, limit.count, grouped(figure), grouped(most), verdict_on(figure, most)});
    if (limit.count == memory) kept.emplace_back(limit.way, figure);
    verdict.passed = verdict.passed && figure <= most;
  }
  const bool passed_by_place = differs.empty() || !is_continuous_integration();
  verdict.passed = verdict.passed && passed_by_place;
  verdict.text = layout(rows, Format::text) + beside_tini(all, helpers, kept) +
                 about_place(differs, passed_by_place);
  return verdict;
}

}  // namespace bench
