// A round: one job script (the file `job`) whose processes are killed at a random moment, and who
// lives on after it.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace survivors {

// Who is killed.
enum class Victim {
  script,
  // One of those that the script started and that are alive at the moment.
  tether,
  // The script and one of those, in random order, up to 30 ms between the two.
  both,
  // One process of tether's, also one that tether made for itself.
  any,
};

struct Job {
  std::string script;
  std::string family;
  // tether's path and its options.
  std::vector<std::string> tether;
  Victim victim = Victim::script;
  // Whether survivors are a failure. Otherwise they are only counted, and not waited for as long.
  bool wants_none = true;
};

struct Outcome {
  // When the kill came, and whether the process that was to be killed was there. Of an undisturbed
  // round, and of one that was over before the kill: how long it took.
  std::chrono::milliseconds moment{};
  bool hit = false;
  bool was_over = false;
  bool is_undisturbed = false;
  // Whether the script ended, by its own or by the kill.
  bool ended = false;
  // Who lived on ("build comet"; "sleep").
  std::vector<std::string> survivors;
  bool cleared = true;
};

// Plays one in which no process is killed, for its length and its survivors, and then others, whose
// moments lie within that length, until `kills` have hit or twenty times as many rounds are over. A
// round that is over before its kill gives the length anew, for load comes and goes. `seed` decides
// the moments and the victims. To be called in a process without children; throws
// std::runtime_error and std::system_error.
std::vector<Outcome> play_rounds(const Job& job, std::size_t kills, std::uint64_t seed);

// For the way to another process.
std::string to_text(const std::vector<Outcome>& outcomes);
std::vector<Outcome> outcomes_from_text(const std::string& text);

}  // namespace survivors
