// Command lines for the tests: argv as main gets it, and what becomes of it.
#pragma once

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "cli/command_line.hpp"

namespace tether {

using Words = std::vector<std::string>;

// A main's argv: writable, null-terminated, at a place of its own.
class CommandLine {
 public:
  explicit CommandLine(const Words& words) : storage_(words) {
    storage_.insert(storage_.begin(), "tether");
    for (std::string& word : storage_) argv_.push_back(word.data());
    argv_.push_back(nullptr);
  }
  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;

  Result<Options> parse() { return parse_command_line(count(), argv_.data()); }
  char** at(std::size_t index) { return argv_.data() + index; }
  // As /proc/PID/cmdline shows them now, without "tether".
  [[nodiscard]] Words words() const { return {storage_.begin() + 1, storage_.end()}; }

 private:
  [[nodiscard]] int count() const { return static_cast<int>(storage_.size()); }

  Words storage_;
  std::vector<char*> argv_;
};

inline Options parse(const Words& words) {
  CAPTURE(words);
  CommandLine line(words);
  const Result<Options> parsed = line.parse();
  if (!parsed.ok()) FAIL(parsed.failure().detail);
  Options options = parsed.value();
  options.command = nullptr;  // into what is gone
  return options;
}

inline std::string refusal(const Words& words) {
  CAPTURE(words);
  CommandLine line(words);
  const Result<Options> parsed = line.parse();
  REQUIRE_FALSE(parsed.ok());
  CHECK(parsed.failure().stage == Stage::usage);
  CHECK(parsed.failure().error_number == 0);
  CHECK(parsed.failure().hint.find("--help") != std::string::npos);
  return parsed.failure().detail;
}

// "NAME=VALUE" and "-NAME", in the order of the changes.
inline Words changes(const Words& words) {
  Words found;
  for (const EnvironmentChange& change : parse(words).environment)
    found.push_back(change.value ? change.name + "=" + *change.value : "-" + change.name);
  return found;
}

}  // namespace tether
