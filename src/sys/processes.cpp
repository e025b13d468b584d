#include "sys/processes.hpp"

#include <dirent.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <unordered_set>

#include "numbers.hpp"
#include "sys/kernel_text.hpp"
#include "sys/pidfd.hpp"

namespace tether {
namespace {

struct CloseDirectory {
  void operator()(DIR* directory) const { (void)::closedir(directory); }
};
using Directory = std::unique_ptr<DIR, CloseDirectory>;

template <typename Visit>
void for_each_number_in(const std::string& path, Visit visit) {
  const Directory directory(::opendir(path.c_str()));
  if (!directory) return;
  while (const dirent* entry = ::readdir(directory.get()))
    if (const auto pid = number_in<pid_t>(entry->d_name)) visit(*pid);
}

std::string tasks_of(pid_t pid) {
  return fmt::format("/proc/{}/task", pid);
}

// Every thread has a list of its own.
void append_children(pid_t pid, std::vector<pid_t>& children) {
  for_each_number_in(tasks_of(pid), [&](pid_t thread) {
    const auto list = read_small_file(fmt::format("{}/{}/children", tasks_of(pid), thread));
    std::string_view rest = list ? std::string_view(*list) : std::string_view();
    while (const auto child = number_in<pid_t>(take_word(rest))) children.push_back(*child);
  });
}

bool has_lists_of_children() {
  // Any other error may be temporary.
  static const bool has_none =
      ::access(fmt::format("{}/{}/children", tasks_of(::getpid()), ::getpid()).c_str(), R_OK) !=
          0 &&
      errno == ENOENT;
  return !has_none;
}

std::vector<Relative> all_processes() {
  std::vector<Relative> all;
  for_each_number_in("/proc", [&](pid_t pid) {
    if (const auto relative = look_at(pid)) all.push_back(*relative);
  });
  return all;
}

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

// The end of the strings that lie one after the other from `end` on, as exec lays them out.
char* end_of_strings(char** strings, char* end) {
  for (; *strings != nullptr && *strings == end; ++strings) end += std::strlen(end) + 1;
  return end;
}

char** main_arguments = nullptr;
char** main_environment = nullptr;

}  // namespace

std::optional<Relative> look_at(pid_t pid) {
  const auto stat = read_process_stat(pid);
  if (!stat) return std::nullopt;
  Relative relative;
  relative.pid = pid;
  relative.parent = stat->parent;
  relative.start_time = stat->start_time;
  // /proc shows a zombie once the first thread has ended, even while other threads run.
  relative.has_ended = (stat->state == 'Z' || stat->state == 'X') && stat->threads <= 1;
  relative.is_asleep = stat->state == 'S';
  return relative;
}

std::vector<Relative> descendants_of(pid_t ancestor) {
  std::vector<Relative> found;
  if (!has_lists_of_children()) {
    const std::vector<Relative> all = all_processes();
    // Pids wrap, so that a child's may be lower than its parent's: search by generation.
    std::vector<pid_t> parents = {ancestor};
    for (std::size_t next = 0; next < parents.size(); ++next)
      for (const Relative& relative : all)
        if (relative.parent == parents[next]) {
          parents.push_back(relative.pid);
          if (!relative.has_ended) found.push_back(relative);
        }
    return found;
  }
  std::vector<pid_t> pids;
  append_children(ancestor, pids);
  // A process that gets another parent meanwhile is listed twice.
  std::unordered_set<pid_t> seen;
  for (std::size_t next = 0; next < pids.size(); ++next) {
    if (!seen.insert(pids[next]).second) continue;
    const auto relative = look_at(pids[next]);
    if (!relative || relative->has_ended) continue;
    found.push_back(*relative);
    append_children(relative->pid, pids);
  }
  return found;
}

std::vector<Relative> children_of(pid_t parent) {
  std::vector<Relative> children;
  for (const Relative& relative : descendants_of(parent))
    if (relative.parent == parent) children.push_back(relative);
  return children;
}

std::vector<Relative> all_others() {
  std::vector<Relative> others;
  for (const Relative& relative : all_processes())
    if (relative.pid != ::getpid() && !relative.has_ended) others.push_back(relative);
  return others;
}

bool can_see_family() {
  return look_at(::getpid()).has_value();
}

std::optional<ProcessStat> parse_process_stat(std::string_view line) {
  // The name in field 2 may hold any character; no field after it has a parenthesis.
  const std::size_t name_end = line.rfind(')');
  if (name_end == std::string_view::npos) return std::nullopt;
  line.remove_prefix(name_end + 1);
  const std::string_view state = take_word(line);
  if (state.empty()) return std::nullopt;
  ProcessStat stat;
  stat.state = state.front();
  for (int field = 4; field <= 22; ++field) {
    const std::string_view word = take_word(line);
    if (word.empty()) return std::nullopt;
    if (field == 4) stat.parent = number_in<pid_t>(word).value_or(0);
    if (field == 14) stat.user_ticks = number_in<std::uint64_t>(word).value_or(0);
    if (field == 15) stat.system_ticks = number_in<std::uint64_t>(word).value_or(0);
    if (field == 20) stat.threads = number_in<std::uint64_t>(word).value_or(0);
    if (field == 22) stat.start_time = number_in<std::uint64_t>(word).value_or(0);
  }
  return stat;
}

std::optional<ProcessStat> read_process_stat(pid_t pid) {
  const auto line = read_small_file(fmt::format("/proc/{}/stat", pid));
  return line ? parse_process_stat(*line) : std::nullopt;
}

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

void remember_command_line(char** arguments, char** environment) {
  main_arguments = arguments;
  main_environment = environment;
}

void set_process_title(std::string_view title) {
  if (main_arguments == nullptr || *main_arguments == nullptr) return;
  // Found at the first call: the title overwrites the strings that it is found by.
  static char* const start = *main_arguments;
  static char* const end = end_of_strings(main_environment, end_of_strings(main_arguments, start));
  const auto room = static_cast<std::size_t>(end - start);
  ::clearenv();
  std::memset(start, 0, room);
  std::copy_n(title.data(), std::min(title.size(), room - 1), start);
}

}  // namespace tether
