// Who descends from whom, as /proc shows it at this moment. A snapshot of what moves: whoever acts
// on it looks again.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <vector>

namespace tether {

struct Relative {
  pid_t pid = -1;
  pid_t parent = -1;
  std::uint64_t start_time =
      0;                   // clock ticks since the boot: with the pid, a name for this process
  bool has_ended = false;  // a zombie: its parent has not waited for it yet
  bool is_asleep = false;  // waits for something, and can be interrupted
};

// What /proc/PID/stat says (proc_pid_stat(5)); none if there is no such process, or it is hidden.
std::optional<Relative> look_at(pid_t pid);

// Every living descendant of `ancestor` that /proc shows, parents before their children: by the
// lists of children that the kernel keeps (CONFIG_PROC_CHILDREN), or without them by looking at
// every process.
std::vector<Relative> descendants_of(pid_t ancestor);

// Its living children alone.
std::vector<Relative> children_of(pid_t parent);

// Every living process of this /proc but the caller.
std::vector<Relative> all_others();

// Whether /proc is there and shows this process itself.
bool can_see_family();

}  // namespace tether
