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
#include "figures.hpp"
#include "gates.hpp"
#include "table.hpp"

namespace {

constexpr const char* help = R"(Usage: tether-bench [OPTION]...
Measure tether against its peers.

  --tether=PATH  the tether to measure (default: the one in PATH)
  --target=PATH  the program to start (default: bench-target beside this one)
  --rounds=N     rounds of ten runs of each command (default: 60)
  --gate         exit with 1 if a figure that repeats misses its gate; times never do
  --markdown     only the table, in Markdown
)";

struct Settings {
  bench::Plan plan;
  bool gate = false;
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
  std::filesystem::path target =
      std::filesystem::read_symlink("/proc/self/exe").parent_path() / "bench-target";
  settings.plan.rounds = 60;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    const std::string_view value = word.substr(std::min(word.find('=') + 1, word.size()));
    if (word.starts_with("--rounds=")) {
      settings.plan.rounds = to_rounds(value);
    } else if (word.starts_with("--tether=")) {
      tether = value;
    } else if (word.starts_with("--target=")) {
      target = value;
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
  settings.plan.target = existing(target);
  return settings;
}

int measure(const Settings& settings) {
  const bench::Comparison comparison = bench::compare(settings.plan);
  const auto format = settings.markdown ? bench::Format::markdown : bench::Format::text;
  fmt::print("{}", bench::table_of(comparison, format));
  const bench::Verdict verdict = bench::judge(comparison);
  if (!settings.markdown) fmt::print("\n{}", verdict.text);
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
    return measure(settings);
  } catch (const std::exception& error) {
    (void)std::fprintf(stderr, "tether-bench: %s\n", error.what());
    return 2;
  }
}
