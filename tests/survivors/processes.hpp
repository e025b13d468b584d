// The processes below this one: who is alive, and how all of them are ended.
#pragma once

#include <sys/types.h>

#include <set>
#include <string>
#include <vector>

namespace survivors {

struct Process {
  pid_t pid = 0;
  pid_t parent = 0;
  // Of a process of a family the last component of its folder and its role ("build comet"), of
  // anything else the name of its program.
  std::string name;
};

// For the beginning of main(): descriptors 0 to 2 are open, so that no other file gets their
// numbers; SIGCHLD, which a caller may have ignored, is not; tether's complaints are plain text.
void start_clean();

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

}  // namespace survivors
