#include "run/usage_sampler.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "numbers.hpp"
#include "sys/kernel_text.hpp"
#include "sys/pidfd.hpp"
#include "sys/processes.hpp"

namespace tether {
namespace {

constexpr std::chrono::milliseconds shortest{2};
constexpr std::chrono::milliseconds longest{1000};
constexpr double part_of_the_whole = 0.05;

std::string_view read_all(int fd, std::array<char, 4096>& buffer) {
  const ssize_t got = fd >= 0 ? ::pread(fd, buffer.data(), buffer.size(), 0) : -1;
  return got > 0 ? std::string_view(buffer.data(), static_cast<std::size_t>(got))
                 : std::string_view();
}

}  // namespace

UsageSampler::UsageSampler(pid_t pid, int pidfd) : pidfd_(pidfd) {
  has_clock_ = ::clock_getcpuclockid(pid, &cpu_clock_) == 0;
  const std::string directory = fmt::format("/proc/{}/", pid);
  stat_.reset(::open((directory + "stat").c_str(), O_RDONLY | O_CLOEXEC));
  status_.reset(::open((directory + "status").c_str(), O_RDONLY | O_CLOEXEC));
  // The pid may be another process's already, if the child was quick to end.
  if (has_ended(pidfd_)) {
    has_clock_ = false;
    stat_.reset();
    status_.reset();
  }
}

void UsageSampler::sample() {
  timespec time{};
  if (!has_clock_ || ::clock_gettime(cpu_clock_, &time) != 0) return;
  Usage usage;
  usage.from = Usage::From::sampled;
  const double total_s = static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
  split_by_stat(total_s, usage);
  read_peak_memory(usage);
  // A child that is just ending has no memory any more: the peak seen before still holds.
  if (!usage.max_rss_kib && usage_) usage.max_rss_kib = usage_->max_rss_kib;
  // The clock goes by the pid: the time read counts only if the child had that pid until now.
  if (!has_ended(pidfd_)) usage_ = usage;
}

// The clock is exact to the nanosecond but does not tell user from system; /proc/PID/stat does, in
// ticks.
void UsageSampler::split_by_stat(double total_s, Usage& usage) const {
  std::array<char, 4096> buffer;
  const ProcessStat stat =
      parse_process_stat(read_all(stat_.get(), buffer)).value_or(ProcessStat{});
  const auto user = static_cast<double>(stat.user_ticks);
  const auto system = static_cast<double>(stat.system_ticks);
  const double user_part = user + system > 0 ? user / (user + system) : 1.0;
  usage.user_s = total_s * user_part;
  usage.system_s = total_s - usage.user_s;
}

void UsageSampler::read_peak_memory(Usage& usage) const {
  std::array<char, 4096> buffer;
  const auto peak = number_of(read_all(status_.get(), buffer), "VmHWM:");
  if (peak) usage.max_rss_kib = static_cast<std::int64_t>(*peak);
}

std::chrono::milliseconds UsageSampler::next_interval(double elapsed_s) {
  // Bounded before it becomes an integer: a child may live for years.
  const double part_s = std::min(elapsed_s * part_of_the_whole, 1.0);
  const std::chrono::milliseconds part(static_cast<int>(part_s * 1000));
  return std::clamp(part, shortest, longest);
}

}  // namespace tether
