// What a start through tether costs, beside the tools that people use today.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>

#include "contestants.hpp"
#include "count_gate.hpp"
#include "figures.hpp"
#include "ratios.hpp"
#include "table.hpp"

namespace {

constexpr const char* help = R"(Usage: tether-bench [OPTION]...
Measure tether against its peers.

  --tether=PATH  the tether to measure (default: the one in PATH)
  --limits=FILE  what each count may be (default: the source's tests/bench/limits)
  --rounds=N     rounds of ten runs of each command (default: 60)
  --gate         exit with 1 if a count is above its limit; times never decide
  --gate-only    the same of the counts alone, in seconds
  --markdown     only the table, in Markdown
)";

struct Settings {
  bench::Plan plan;
  bench::Helpers helpers;
  std::string limits = TETHER_BENCH_LIMITS;
  bool gate = false;
  bool gate_only = false;
  bool markdown = false;
  bool help = false;
};

int to_rounds(std::string_view text) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number < 1)
    throw std::invalid_argument(fmt::format("--rounds={}: not a number of rounds", text));
  return number;
}

// Tools change directory and search no PATH: absolute.
std::string existing(const std::filesystem::path& path) {
  if (!std::filesystem::is_regular_file(path))
    throw std::invalid_argument(fmt::format("'{}' is not there", path.string()));
  return std::filesystem::canonical(path);
}

Settings parse(int argc, char** argv) {
  Settings settings;
  std::string tether;
  settings.plan.rounds = 60;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    const std::string_view value = word.substr(std::min(word.find('=') + 1, word.size()));
    if (word.starts_with("--rounds=")) {
      settings.plan.rounds = to_rounds(value);
    } else if (word.starts_with("--tether=")) {
      tether = value;
    } else if (word.starts_with("--limits=")) {
      settings.limits = value;
    } else if (word == "--gate-only") {
      settings.gate_only = true;
    } else if (word == "--gate") {
      settings.gate = true;
    } else if (word == "--markdown") {
      settings.markdown = true;
    } else if (word == "--help") {
      settings.help = true;
    } else {
      throw std::invalid_argument(fmt::format("unknown option '{}'", word));
    }
  }
  if (settings.help) return settings;
  if (tether.empty()) tether = bench::locate("tether");
  settings.plan.tether = existing(tether);
  const auto here = std::filesystem::read_symlink("/proc/self/exe").parent_path();
  settings.helpers = {existing(here / "bench-target"), existing(here / "bench-libc-start")};
  settings.plan.target = settings.helpers.target;
  return settings;
}

bench::Verdict counted(const Settings& settings) {
  return bench::judge_counts(settings.plan.tether, settings.helpers, settings.limits);
}

int gate_only(const Settings& settings) {
  const bench::Verdict verdict = counted(settings);
  fmt::print("{}", verdict.text);
  return verdict.passed ? 0 : 1;
}

int measure(const Settings& settings) {
  const bench::Comparison comparison = bench::compare(settings.plan);
  const auto format = settings.markdown ? bench::Format::markdown : bench::Format::text;
  fmt::print("{}", bench::table_of(comparison, format));
  if (settings.markdown) return 0;
  fmt::print("\n{}", bench::ratios_of(comparison));
  const bench::Verdict verdict = counted(settings);
  fmt::print("\n{}", verdict.text);
  return settings.gate && !verdict.passed ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const Settings settings = parse(argc, argv);
    if (settings.help) {
      fmt::print("{}", help);
      return 0;
    }
    return settings.gate_only ? gate_only(settings) : measure(settings);
  } catch (const std::exception& error) {
    (void)std::fprintf(stderr, "tether-bench: %s\n", error.what());
    return 2;
  }
}
