#include "sys/process_identity.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "numbers.hpp"
#include "sys/pidfd.hpp"
#include "sys/process_stat.hpp"
#include "sys/small_files.hpp"
#include "sys/words.hpp"

namespace tether {
namespace {

// A longer chain of parents is taken for a loop.
constexpr int most_generations = 1 << 16;
constexpr int most_attempts = 64;

enum class Kinship { descendant, stranger, in_doubt };

// Follows the parents of `pid` up to `ancestor` or the first process. In doubt where a process on
// the way is gone.
Kinship climb(pid_t pid, pid_t ancestor) {
  for (int generation = 0; generation < most_generations; ++generation) {
    // The parent is 0 if the process is being reaped, or the parent is outside the PID namespace.
    const auto stat = read_process_stat(pid);
    if (!stat || stat->parent == 0) return generation == 0 ? Kinship::stranger : Kinship::in_doubt;
    pid = stat->parent;
    if (pid == ancestor) return Kinship::descendant;
    if (pid == 1) break;
  }
  return Kinship::stranger;
}

}  // namespace

std::optional<ProcessIdentity> identify(pid_t pid, int pidfd) {
  ProcessIdentity identity;
  identity.pid = pid;
  const std::string boot = text_of("/proc/sys/kernel/random/boot_id");
  std::string_view boot_line = boot;
  identity.boot = take_word(boot_line);
  struct stat space {};
  if (::stat("/proc/self/ns/pid", &space) == 0) identity.pid_namespace = space.st_ino;
  const auto stat = read_process_stat(pid);
  identity.start_time = stat ? stat->start_time : 0;
  // A process that has not ended by now still had its pid when /proc was read.
  if (has_ended(pidfd)) return std::nullopt;
  identity.pidfs_inode = pidfs_inode(pidfd).value_or(0);
  return identity;
}

std::optional<bool> is_same(const ProcessIdentity& one, const ProcessIdentity& other) {
  if (one.pid != other.pid) return false;
  const auto lacks_place = [](const ProcessIdentity& identity) {
    return identity.boot.empty() || identity.pid_namespace == 0;
  };
  if (lacks_place(one) || lacks_place(other)) return std::nullopt;
  if (one.boot != other.boot || one.pid_namespace != other.pid_namespace) return false;
  if (one.pidfs_inode != 0 && other.pidfs_inode != 0) return one.pidfs_inode == other.pidfs_inode;
  if (one.start_time == 0 || other.start_time == 0) return std::nullopt;
  return one.start_time == other.start_time;
}

std::string to_line(const ProcessIdentity& identity) {
  return fmt::format("{} {} {} {} {}\n", identity.pid, identity.boot, identity.pid_namespace,
                     identity.start_time, identity.pidfs_inode);
}

std::optional<ProcessIdentity> parse_identity(std::string_view line) {
  if (line.empty() || line.back() != '\n' || line.find('\t') != std::string_view::npos)
    return std::nullopt;
  line.remove_suffix(1);
  ProcessIdentity identity;
  const auto pid = number_in<pid_t>(take_word(line));
  identity.boot = take_word(line);
  const auto pid_namespace = number_in<std::uint64_t>(take_word(line));
  const auto start_time = number_in<std::uint64_t>(take_word(line));
  const auto inode = number_in<std::uint64_t>(take_word(line));
  if (!pid || *pid <= 0 || identity.boot.empty() || !pid_namespace || !start_time || !inode ||
      !line.empty())
    return std::nullopt;
  identity.pid = *pid;
  identity.pid_namespace = *pid_namespace;
  identity.start_time = *start_time;
  identity.pidfs_inode = *inode;
  return identity;
}

bool is_descendant(pid_t pid, pid_t ancestor) {
  // If a process on the way is being reaped, its children have another parent now: climb again.
  for (int attempt = 0; attempt < most_attempts; ++attempt) {
    const Kinship kinship = climb(pid, ancestor);
    if (kinship != Kinship::in_doubt) return kinship == Kinship::descendant;
  }
  return false;
}

}  // namespace tether
