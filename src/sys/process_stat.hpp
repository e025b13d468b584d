// The line of /proc/PID/stat (proc_pid_stat(5)).
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string_view>

namespace tether {

struct ProcessStat {
  char state = 0;
  pid_t parent = 0;              // 0: none in this PID namespace, or the process is being reaped
  std::uint64_t user_ticks = 0;  // processor time, sysconf(_SC_CLK_TCK) a second
  std::uint64_t system_ticks = 0;
  std::uint64_t threads = 0;
  std::uint64_t start_time = 0;  // ticks since boot; with the pid, it names the process
};

// None if `line` is no such line.
std::optional<ProcessStat> parse_process_stat(std::string_view line);

// None and errno if there is no such process, or /proc hides it.
std::optional<ProcessStat> read_process_stat(pid_t pid);

}  // namespace tether
