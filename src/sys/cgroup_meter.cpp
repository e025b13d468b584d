// Measures what the processes of a cgroup use from one moment on.
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <string_view>

#include "sys/cgroup.hpp"
#include "sys/cgroup_files.hpp"
#include "sys/kernel_text.hpp"

namespace tether {
namespace {

struct Times {
  std::uint64_t user_us = 0;
  std::uint64_t system_us = 0;
};

std::optional<Times> times_of(const Cgroup& cgroup) {
  const auto text = read_small_file(cgroup.fd(), "cpu.stat");
  if (!text) return std::nullopt;
  const auto user = number_of(*text, "user_usec");
  const auto system = number_of(*text, "system_usec");
  if (!user || !system) return std::nullopt;
  return Times{*user, *system};
}

std::optional<std::uint64_t> number_from(const Cgroup& cgroup, const char* file) {
  const auto text = read_small_file(cgroup.fd(), file);
  return text ? first_word_as_number(*text) : std::nullopt;
}

// The file shows the peak since the start only if that is higher than the one before.
std::optional<std::uint64_t> peak_since(std::optional<std::uint64_t> before,
                                        std::optional<std::uint64_t> now) {
  return before && now && *now <= *before ? std::nullopt : now;
}

// A write resets the peak for reads through the same open file only (Linux 6.12).
UniqueFd open_reset(const Cgroup& cgroup) {
  UniqueFd file(::openat(cgroup.fd(), "memory.peak", O_RDWR | O_CLOEXEC));
  return file && ::write(file.get(), "1", 1) == 1 ? std::move(file) : UniqueFd();
}

std::uint64_t difference(std::uint64_t now, std::uint64_t before) {
  return now > before ? now - before : 0;
}

}  // namespace

CgroupMeter::CgroupMeter(const Cgroup& cgroup) {
  if (cgroup.was_made()) return;
  if (const auto times = times_of(cgroup)) {
    user_us_ = times->user_us;
    system_us_ = times->system_us;
  }
  pids_peak_ = number_from(cgroup, "pids.peak");
  reset_memory_peak_ = open_reset(cgroup);
  if (!reset_memory_peak_) memory_peak_ = number_from(cgroup, "memory.peak");
}

std::optional<CgroupUsage> CgroupMeter::read(const Cgroup& cgroup) const {
  const auto times = times_of(cgroup);
  if (!times) return std::nullopt;
  CgroupUsage usage;
  usage.user_us = difference(times->user_us, user_us_);
  usage.system_us = difference(times->system_us, system_us_);
  usage.pids_peak = peak_since(pids_peak_, number_from(cgroup, "pids.peak"));
  if (reset_memory_peak_) {
    std::array<char, 32> text;
    const ssize_t got = ::pread(reset_memory_peak_.get(), text.data(), text.size(), 0);
    if (got > 0)
      usage.memory_peak_bytes =
          first_word_as_number(std::string_view(text.data(), static_cast<std::size_t>(got)));
  } else {
    usage.memory_peak_bytes = peak_since(memory_peak_, number_from(cgroup, "memory.peak"));
  }
  return usage;
}

}  // namespace tether
