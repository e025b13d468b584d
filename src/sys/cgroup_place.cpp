#include "sys/cgroup_place.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "failure.hpp"
#include "sys/cgroup.hpp"
#include "sys/kernel_text.hpp"

namespace tether {
namespace {

// No directory has this name: it serves to ask whether one could be made.
constexpr const char* no_directory = "tether-asks-and-makes-nothing";

// The directory of the cgroup `path`, if `line` is a mount that has it (proc_pid_mountinfo(5)).
std::string directory_in(std::string_view line, std::string_view path) {
  const std::size_t separator = line.find(" - ");
  if (separator == std::string_view::npos || line.substr(separator).substr(0, 11) != " - cgroup2 ")
    return {};
  for (int i = 0; i < 3; ++i) take_word(line);
  std::string_view root = take_word(line);
  const std::string_view mounted_on = take_word(line);
  if (mounted_on.substr(0, 1) != "/") return {};
  if (root == "/") root = {};
  const std::string_view rest = path.substr(std::min(root.size(), path.size()));
  if (path.substr(0, root.size()) != root || (!rest.empty() && rest.front() != '/')) return {};
  return rest == "/" ? std::string(mounted_on) : fmt::format("{}{}", mounted_on, rest);
}

}  // namespace

std::string cgroup_directory(std::string_view membership, std::string_view mountinfo) {
  constexpr std::string_view version_2 = "0::";
  while (!membership.empty()) {
    const std::string_view line = take_line(membership);
    if (line.substr(0, version_2.size()) != version_2) continue;
    while (!mountinfo.empty())
      if (std::string found = directory_in(take_line(mountinfo), line.substr(version_2.size()));
          !found.empty())
        return found;
  }
  return {};
}

CgroupPlace find_cgroup_place() {
  CgroupPlace place;
  place.directory = cgroup_directory(text_of("/proc/self/cgroup"), text_of("/proc/self/mountinfo"));
  if (place.directory.empty()) {
    place.why_not = "no cgroup v2 is mounted here that has this process";
    return place;
  }
  const Result<Cgroup> found = Cgroup::look(fmt::format("{}/{}", place.directory, no_directory));
  if (!found.ok()) {
    const Failure& failure = found.failure();
    place.why_not = !failure.hint.empty() ? failure.hint : error_text(failure.error_number);
    return place;
  }
  // cgroup.procs of the nearest directory above both child and tether (cgroups(7), Delegation).
  const std::string procs = place.directory + "/cgroup.procs";
  place.delegated = ::faccessat(AT_FDCWD, procs.c_str(), W_OK, AT_EACCESS) == 0;
  if (!place.delegated)
    place.why_not = fmt::format("not delegated: '{}' is not writable for this user", procs);
  return place;
}

}  // namespace tether
