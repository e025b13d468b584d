#include "sys/family.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>

#include "sys/unique_fd.hpp"

namespace tether {
namespace {

constexpr int threads_field = 20;
constexpr int start_time_field = 22;

struct CloseDirectory {
  void operator()(DIR* directory) const { (void)::closedir(directory); }
};
using Directory = std::unique_ptr<DIR, CloseDirectory>;

Directory open_directory(const std::string& path) {
  return Directory(::opendir(path.c_str()));
}

std::optional<std::string> read_all(const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return std::nullopt;
  std::string text;
  std::array<char, 4096> part;
  for (ssize_t got; (got = ::read(file.get(), part.data(), part.size())) > 0;)
    text.append(part.data(), static_cast<std::size_t>(got));
  return text;
}

// The number at the start of `text`, which is moved behind it.
template <typename Number>
std::optional<Number> next_number(std::string_view& text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\n')) text.remove_prefix(1);
  Number number{};
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(stop - text.data()));
  return number;
}

template <typename Visit>
void for_each_number_in(const std::string& path, Visit visit) {
  const Directory directory = open_directory(path);
  if (!directory) return;
  while (const dirent* entry = ::readdir(directory.get())) {
    std::string_view name = entry->d_name;
    if (const auto pid = next_number<pid_t>(name); pid && name.empty()) visit(*pid);
  }
}

std::string tasks_of(pid_t pid) {
  return fmt::format("/proc/{}/task", pid);
}

// Every thread has a list of its own.
void append_children(pid_t pid, std::vector<pid_t>& children) {
  for_each_number_in(tasks_of(pid), [&](pid_t thread) {
    const auto list = read_all(fmt::format("{}/{}/children", tasks_of(pid), thread));
    std::string_view rest = list ? std::string_view(*list) : std::string_view();
    while (const auto child = next_number<pid_t>(rest)) children.push_back(*child);
  });
}

bool has_lists_of_children() {
  // Any other error is of the moment.
  static const bool has_none =
      ::access(fmt::format("{}/{}/children", tasks_of(::getpid()), ::getpid()).c_str(), R_OK) !=
          0 &&
      errno == ENOENT;
  return !has_none;
}

std::vector<Relative> everybody() {
  std::vector<Relative> all;
  for_each_number_in("/proc", [&](pid_t pid) {
    if (const auto relative = look_at(pid)) all.push_back(*relative);
  });
  return all;
}

}  // namespace

std::optional<Relative> look_at(pid_t pid) {
  const auto stat = read_all(fmt::format("/proc/{}/stat", pid));
  if (!stat) return std::nullopt;
  // The name in field 2 may hold anything; what follows its last parenthesis does not.
  const std::size_t name_end = stat->rfind(')');
  if (name_end == std::string::npos || name_end + 2 >= stat->size()) return std::nullopt;
  Relative relative;
  relative.pid = pid;
  const char state = (*stat)[name_end + 2];
  std::string_view rest = std::string_view(*stat).substr(name_end + 3);
  const auto parent = next_number<pid_t>(rest);
  if (!parent) return std::nullopt;
  relative.parent = *parent;
  std::optional<std::int64_t> number;
  std::int64_t threads = 0;
  for (int field = 5; field <= start_time_field; ++field) {
    number = next_number<std::int64_t>(rest);
    if (field == threads_field) threads = number.value_or(0);
  }
  if (!number) return std::nullopt;
  // A first thread that has ended is shown as a zombie while others go on.
  relative.has_ended = (state == 'Z' || state == 'X') && threads <= 1;
  relative.is_asleep = state == 'S';
  relative.start_time = static_cast<std::uint64_t>(*number);
  return relative;
}

std::vector<Relative> descendants_of(pid_t ancestor) {
  std::vector<Relative> found;
  if (!has_lists_of_children()) {
    const std::vector<Relative> all = everybody();
    // Nobody is older than its parent, but numbers wrap: generation by generation.
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
  // One that changes its parent meanwhile is listed twice.
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
  for (const Relative& relative : everybody())
    if (relative.pid != ::getpid() && !relative.has_ended) others.push_back(relative);
  return others;
}

bool can_see_family() {
  return look_at(::getpid()).has_value();
}

}  // namespace tether
