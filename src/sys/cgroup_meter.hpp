// What is used in a cgroup from one moment on.
#pragma once

#include <cstdint>
#include <optional>

#include "sys/cgroup.hpp"

namespace tether {

struct CgroupUsage {
  std::uint64_t user_us = 0;
  std::uint64_t system_us = 0;
  // None without the controller, or on a kernel without the file (5.10 has neither, 6.1 both); and
  // where a higher peak from before hides this one.
  std::optional<std::uint64_t> memory_peak_bytes;
  std::optional<std::uint64_t> pids_peak;
};

class CgroupMeter {
 public:
  // From now on. Of a directory that we have made everything counts.
  explicit CgroupMeter(const Cgroup& cgroup);

  // Until now; `cgroup` is the same one. None if cpu.stat cannot be read.
  [[nodiscard]] std::optional<CgroupUsage> read(const Cgroup& cgroup) const;

 private:
  std::uint64_t user_us_ = 0;
  std::uint64_t system_us_ = 0;
  std::optional<std::uint64_t> memory_peak_;
  std::optional<std::uint64_t> pids_peak_;
  UniqueFd reset_memory_peak_;  // what is read through it is the peak since the start
};

}  // namespace tether
