#include "run/usage_sampler.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "numbers.hpp"
#include "sys/pidfd.hpp"

namespace tether {
namespace {

constexpr std::chrono::milliseconds shortest{2};
constexpr std::chrono::milliseconds longest{1000};
constexpr double part_of_the_whole = 0.05;

constexpr int utime_field = 14;  // of /proc/PID/stat (proc_pid_stat(5)); stime is the next

std::string_view read_all(int fd, std::array<char, 4096>& buffer) {
  const ssize_t got = fd >= 0 ? ::pread(fd, buffer.data(), buffer.size(), 0) : -1;
  return got > 0 ? std::string_view(buffer.data(), static_cast<std::size_t>(got))
                 : std::string_view();
}

std::int64_t number_at(std::string_view text) {
  constexpr std::string_view digits = "0123456789";
  text.remove_prefix(std::min(text.find_first_of(digits), text.size()));
  return number_in<std::int64_t>(text.substr(0, text.find_first_not_of(digits))).value_or(0);
}

// The comm field may hold spaces and parentheses: count from the last one.
std::string_view field(std::string_view stat, int number) {
  const std::size_t comm_end = stat.rfind(')');
  if (comm_end == std::string_view::npos) return {};
  stat.remove_prefix(comm_end);
  for (int i = 2; i < number; ++i) {
    const std::size_t space = stat.find(' ');
    if (space == std::string_view::npos) return {};
    stat.remove_prefix(space + 1);
  }
  return stat;
}

}  // namespace

UsageSampler::UsageSampler(pid_t pid, int pidfd) : pidfd_(pidfd) {
  has_clock_ = ::clock_getcpuclockid(pid, &cpu_clock_) == 0;
  const std::string directory = fmt::format("/proc/{}/", pid);
  stat_.reset(::open((directory + "stat").c_str(), O_RDONLY | O_CLOEXEC));
  status_.reset(::open((directory + "status").c_str(), O_RDONLY | O_CLOEXEC));
  // The number may have been given to a stranger already, if the child was that quick.
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
  // The clock goes by the number: what was read counts only if the child had it until now.
  if (!has_ended(pidfd_)) usage_ = usage;
}

// The clock is exact to the nanosecond but does not tell user from system; /proc/PID/stat does, in
// ticks.
void UsageSampler::split_by_stat(double total_s, Usage& usage) const {
  std::array<char, 4096> buffer;
  const std::string_view user_text = field(read_all(stat_.get(), buffer), utime_field);
  const auto user = static_cast<double>(number_at(user_text));
  const std::size_t space = std::min(user_text.find(' '), user_text.size());
  const auto system = static_cast<double>(number_at(user_text.substr(space)));
  const double user_part = user + system > 0 ? user / (user + system) : 1.0;
  usage.user_s = total_s * user_part;
  usage.system_s = total_s - usage.user_s;
}

void UsageSampler::read_peak_memory(Usage& usage) const {
  std::array<char, 4096> buffer;
  const std::string_view status = read_all(status_.get(), buffer);
  const std::size_t line = status.find("VmHWM:");
  if (line != std::string_view::npos) usage.max_rss_kib = number_at(status.substr(line));
}

std::chrono::milliseconds UsageSampler::next_interval(double elapsed_s) {
  // Bounded before it becomes an integer: a life may last for years.
  const double part_s = std::min(elapsed_s * part_of_the_whole, 1.0);
  const std::chrono::milliseconds part(static_cast<int>(part_s * 1000));
  return std::clamp(part, shortest, longest);
}

}  // namespace tether
