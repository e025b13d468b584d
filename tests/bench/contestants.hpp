// Who is compared: tether both ways, and the tools that Debian has for the same.
#pragma once

#include <string>
#include <vector>

namespace bench {

// The name of tether's row with a keeper in the background.
constexpr const char* keeper = "tether -d, with a keeper";

struct Contestant {
  std::string name;                // as the table shows it
  std::string program;             // as PATH has it
  std::vector<std::string> words;  // before the target; the first is a path
  bool stays = true;               // false: becomes the target
};

// An executable file of that name in PATH or the directories of system programs; empty if none.
std::string locate(const std::string& program);

// tether in wait mode, tether in place, and the peers that are installed. The names of the others
// go to `missing`.
std::vector<Contestant> contestants(const std::string& tether, std::vector<std::string>& missing);

}  // namespace bench
