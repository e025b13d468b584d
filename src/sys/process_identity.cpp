#include "sys/process_identity.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "numbers.hpp"
#include "sys/pidfd.hpp"
#include "sys/unique_fd.hpp"

namespace tether {
namespace {

// More generations than any pid_max allows would be a loop.
constexpr int most_generations = 1 << 16;
constexpr int most_attempts = 64;

std::string read_text(const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::array<char, 1024> text;
  const ssize_t size = file ? ::read(file.get(), text.data(), text.size()) : -1;
  return size > 0 ? std::string(text.data(), static_cast<std::size_t>(size)) : std::string();
}

std::string_view next_word(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \n"), text.size()));
  const std::string_view word = text.substr(0, std::min(text.find_first_of(" \n"), text.size()));
  text.remove_prefix(word.size());
  return word;
}

// Field `number` of /proc/PID/stat, counted from 1 as in proc(5). The name in field 2 may hold
// anything, a newline too; what follows its last parenthesis does not.
std::optional<std::uint64_t> stat_field(pid_t pid, int number) {
  const std::string text = read_text(fmt::format("/proc/{}/stat", pid));
  const std::size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) return std::nullopt;
  std::string_view rest = std::string_view(text).substr(name_end + 1);
  std::string_view word;
  for (int field = 3; field <= number; ++field) word = next_word(rest);
  return number_in<std::uint64_t>(word);
}

enum class Kinship { descendant, stranger, in_doubt };

// Goes up from `pid`, from parent to parent, as far as `ancestor` or the first process. In doubt
// where a process on the way is gone.
Kinship climb(pid_t pid, pid_t ancestor) {
  for (int generation = 0; generation < most_generations; ++generation) {
    // 0 for a process that is being reaped, and for one whose parent is in no namespace of ours.
    const auto parent = stat_field(pid, 4);
    if (!parent || *parent == 0) return generation == 0 ? Kinship::stranger : Kinship::in_doubt;
    pid = static_cast<pid_t>(*parent);
    if (pid == ancestor) return Kinship::descendant;
    if (pid == 1) break;
  }
  return Kinship::stranger;
}

}  // namespace

std::optional<ProcessIdentity> identify(pid_t pid, int pidfd) {
  ProcessIdentity identity;
  identity.pid = pid;
  const std::string boot = read_text("/proc/sys/kernel/random/boot_id");
  std::string_view boot_line = boot;
  identity.boot = next_word(boot_line);
  struct stat space {};
  if (::stat("/proc/self/ns/pid", &space) == 0) identity.pid_namespace = space.st_ino;
  identity.start_time = stat_field(pid, 22).value_or(0);
  // What has not ended by now still had its number when that was looked up.
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
  if (line.empty() || line.back() != '\n') return std::nullopt;
  line.remove_suffix(1);
  ProcessIdentity identity;
  const auto pid = number_in<pid_t>(next_word(line));
  identity.boot = next_word(line);
  const auto pid_namespace = number_in<std::uint64_t>(next_word(line));
  const auto start_time = number_in<std::uint64_t>(next_word(line));
  const auto inode = number_in<std::uint64_t>(next_word(line));
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
  // Where a process on the way has ended and is being reaped, its children have another parent now,
  // and the way up begins anew.
  for (int attempt = 0; attempt < most_attempts; ++attempt) {
    const Kinship kinship = climb(pid, ancestor);
    if (kinship != Kinship::in_doubt) return kinship == Kinship::descendant;
  }
  return false;
}

}  // namespace tether
