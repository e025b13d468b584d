#include "figures.hpp"

#include <fmt/format.h>
#include <sys/wait.h>

#include <cmath>
#include <memory>
#include <stdexcept>

#include "footprint.hpp"
#include "process.hpp"
#include "timing.hpp"
#include "trace.hpp"

namespace bench {
namespace {

constexpr int repetitions = 5;

using Owned = std::unique_ptr<Invocation>;

Owned make_invocation(const Contestant& who, const std::string& target, bool sleeping) {
  std::vector<std::string> words = who.words;
  words.push_back(target);
  if (sleeping) words.emplace_back("sleep");
  return std::make_unique<Invocation>(std::move(words));
}

bool works(const Invocation& invocation) {
  const Cost cost = run(invocation);
  return WIFEXITED(cost.status) && WEXITSTATUS(cost.status) == 0;
}

// Who of two processes goes on first is the kernel's choice, so even counts differ by a few.
template <typename Count>
double usual(Count count) {
  std::vector<double> values;
  values.reserve(repetitions);
  for (int i = 0; i < repetitions; ++i) values.push_back(static_cast<double>(count()));
  return median(values);
}

// What needs no turns with the others.
Figures repeatable_figures(const Contestant& who, const std::string& target) {
  const Owned quick = make_invocation(who, target, false);
  Figures figures;
  figures.who = who;
  figures.bytes = size_of(who.words.front());
  figures.is_static = is_static(who.words.front());
  // Once: it repeats within 1 %, and a stop at every instruction takes its time.
  figures.instructions = instructions_to_exec(*quick);
  figures.system_calls =
      static_cast<std::uint64_t>(std::llround(usual([&] { return system_calls(*quick); })));
  if (!who.stays) return figures;
  const Owned holding = make_invocation(who, target, true);
  figures.dirty_kb = std::lround(usual([&] { return resident_dirty_kb(*holding, target); }));
  return figures;
}

std::vector<Contestant> working_contestants(const Plan& plan, std::vector<std::string>& remarks) {
  std::vector<std::string> missing;
  std::vector<Contestant> working;
  settle(plan.target);
  for (const Contestant& who : contestants(plan.tether, missing)) {
    settle(who.words.front());
    if (works(*make_invocation(who, plan.target, false))) {
      working.push_back(who);
    } else if (who.program == "tether") {
      throw std::runtime_error(fmt::format("{} does not run {}", plan.tether, plan.target));
    } else {
      remarks.push_back(fmt::format("{}: installed, but does not work here", who.program));
    }
  }
  for (const std::string& program : missing)
    remarks.push_back(fmt::format("{}: not installed", program));
  return working;
}

// The first two invocations are the bare target.
void add_times(Comparison& comparison, const std::vector<std::vector<Round>>& taken) {
  const std::vector<Round>& bare = taken[0];
  std::vector<double> bare_walls;
  bare_walls.reserve(bare.size());
  for (const Round& round : bare) bare_walls.push_back(round.wall_us);
  comparison.bare_us = median(bare_walls);
  comparison.noise_us = added_us(taken[1], bare);
  for (std::size_t i = 0; i < comparison.rows.size(); ++i) {
    Figures& figures = comparison.rows[i];
    figures.added_us = added_us(taken[i + 2], bare);
    figures.faults = std::lround(added_faults(taken[i + 2], bare));
    for (std::size_t j = 0; j < comparison.rows.size(); ++j) {
      const std::string& other = comparison.rows[j].who.program;
      if (other != "tether")
        figures.added_ratio[other] = added_ratio(taken[i + 2], taken[j + 2], bare);
    }
  }
}

}  // namespace

Comparison compare(const Plan& plan) {
  become_subreaper();
  pin_to_one_cpu();
  Comparison comparison;
  const std::vector<Contestant> who = working_contestants(plan, comparison.remarks);

  const Invocation bare({plan.target});
  std::vector<const Invocation*> invocations = {&bare, &bare};
  std::vector<Owned> owned;
  for (const Contestant& contestant : who) {
    comparison.rows.push_back(repeatable_figures(contestant, plan.target));
    owned.push_back(make_invocation(contestant, plan.target, false));
    invocations.push_back(owned.back().get());
  }
  const RealTime undisturbed;
  if (!undisturbed.granted())
    comparison.remarks.emplace_back(
        "without real-time priority: times hold on an idle machine only");
  add_times(comparison, take_rounds(invocations, plan.rounds));
  return comparison;
}

const Figures* find(const Comparison& comparison, const std::string& program, bool stays) {
  for (const Figures& figures : comparison.rows)
    if (figures.who.program == program && figures.who.stays == stays) return &figures;
  return nullptr;
}

}  // namespace bench
