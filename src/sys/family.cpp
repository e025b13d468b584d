#include "sys/family.hpp"

#include <dirent.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>

#include "numbers.hpp"
#include "sys/process_stat.hpp"
#include "sys/small_files.hpp"
#include "sys/words.hpp"

namespace tether {
namespace {

struct CloseDirectory {
  void operator()(DIR* directory) const { (void)::closedir(directory); }
};
using Directory = std::unique_ptr<DIR, CloseDirectory>;

Directory open_directory(const std::string& path) {
  return Directory(::opendir(path.c_str()));
}

template <typename Visit>
void for_each_number_in(const std::string& path, Visit visit) {
  const Directory directory = open_directory(path);
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

}  // namespace tether
