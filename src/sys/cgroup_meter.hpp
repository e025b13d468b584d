// Measures what the processes of a cgroup use from one moment on.
#pragma once

#include <cstdint>
#include <optional>

#include "sys/cgroup.hpp"

namespace tether {

struct CgroupUsage {
  std::uint64_t user_us = 0;
  std::uint64_t system_us = 0;
  // None without the controller or on a kernel without the file (5.10 has neither file, 6.1 both),
  // and where a higher peak from before the start hides the new one.
  std::optional<std::uint64_t> memory_peak_bytes;
  std::optional<std::uint64_t> pids_peak;
};

class CgroupMeter {
 public:
  // Measures from now on. In a directory that tether made, everything counts.
  explicit CgroupMeter(const Cgroup& cgroup);

  // What was used until now. `cgroup` is the same one. None if cpu.stat cannot be read.
  [[nodiscard]] std::optional<CgroupUsage> read(const Cgroup& cgroup) const;

 private:
  std::uint64_t user_us_ = 0;
  std::uint64_t system_us_ = 0;
  std::optional<std::uint64_t> memory_peak_;
  std::optional<std::uint64_t> pids_peak_;
  UniqueFd reset_memory_peak_;  // reads the peak since the start
};

}  // namespace tether
