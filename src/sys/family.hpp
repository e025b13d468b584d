// Which process descends from which, as /proc shows it at this moment. The tree changes meanwhile:
// code that acts on an answer must look again.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <vector>

namespace tether {

struct Relative {
  pid_t pid = -1;
  pid_t parent = -1;
  std::uint64_t start_time = 0;  // clock ticks since boot; with the pid, it names the process
  bool has_ended = false;        // a zombie, which its parent has not reaped yet
  bool is_asleep = false;        // in an interruptible sleep (state S)
};

// Reads /proc/PID/stat (proc_pid_stat(5)). None if there is no such process or /proc hides it.
std::optional<Relative> look_at(pid_t pid);

// Every living descendant of `ancestor` that /proc shows, parents before their children. Reads the
// kernel's lists of children (CONFIG_PROC_CHILDREN), or without them looks at every process.
std::vector<Relative> descendants_of(pid_t ancestor);

// The living children of `parent`.
std::vector<Relative> children_of(pid_t parent);

// Every living process that /proc shows, without this one.
std::vector<Relative> all_others();

// Whether /proc is there and shows this process itself.
bool can_see_family();

}  // namespace tether
