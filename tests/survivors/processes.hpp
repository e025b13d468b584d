// The processes below this one: who is alive, and how all of them are ended.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <set>
#include <string>
#include <vector>

namespace survivors {

// Generous: emulated kernels are slow, machines are busy. Reached only by a failure.
constexpr std::chrono::seconds patience{30};

struct Process {
  pid_t pid = 0;
  pid_t parent = 0;
  // Of a process of a family the last component of its folder and its role ("build comet"), of
  // anything else the name of its program.
  std::string name;
};

// Makes orphans come to this process, which sees all its descendants end so.
void become_subreaper();

// Reaps what has ended. False once there is no child at all, alive or dead: then there is no
// descendant either.
bool reap();

// All descendants that are no zombies, those in PID namespaces included.
std::vector<Process> descendants();

// The roles of the family of `directory` that are alive now, found by their command lines.
std::set<std::string> roles_alive(const std::string& directory);

// Kills and reaps all descendants; false if some do not die in time.
bool end_all();

// Every signal as a program expects to find it: nothing ignored, nothing blocked.
void reset_signals();

void nap(std::chrono::milliseconds length);

}  // namespace survivors
