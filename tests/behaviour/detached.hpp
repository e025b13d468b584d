// What the tests of detached children see of a process, all of it from outside.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "harness.hpp"

namespace tether::test {

// Ends what a test has detached.
struct Cleanup {
  Cleanup() = default;
  Cleanup(const Cleanup&) = delete;
  Cleanup& operator=(const Cleanup&) = delete;
  ~Cleanup() { end_all_children(); }
};

inline std::string proc(pid_t pid, const std::string& name) {
  return "/proc/" + std::to_string(pid) + "/" + name;
}

inline std::string link_of(pid_t pid, const std::string& name) {
  std::error_code error;
  return std::filesystem::read_symlink(proc(pid, name), error);
}

inline std::set<int> descriptors_of(pid_t pid) {
  std::set<int> numbers;
  for (const auto& entry : std::filesystem::directory_iterator(proc(pid, "fd")))
    numbers.insert(std::stoi(entry.path().filename()));
  return numbers;
}

inline std::vector<pid_t> children_of(pid_t pid) {
  std::istringstream list(read_file(proc(pid, "task/" + std::to_string(pid) + "/children")));
  std::vector<pid_t> children;
  for (pid_t child = 0; list >> child;) children.push_back(child);
  return children;
}

inline pid_t parent_of(pid_t pid) {
  const std::string parent = status_of(pid, "PPid");
  return parent.empty() ? 0 : std::stoi(parent);
}

// The device number of its controlling terminal; 0 if it has none.
inline int terminal_of(pid_t pid) {
  const std::string stat = read_file(proc(pid, "stat"));
  std::istringstream fields(stat.substr(stat.rfind(')') + 2));
  std::string skipped;
  int terminal = -1;
  fields >> skipped >> skipped >> skipped >> skipped >> terminal;
  return terminal;
}

}  // namespace tether::test
