// Finds this process's cgroup v2 directory, and whether a child could be started below it.
#pragma once

#include <string>
#include <string_view>

namespace tether {

// The directory of this process's cgroup, from the texts of /proc/self/cgroup and
// /proc/self/mountinfo; empty if no mount here shows it. Pure.
std::string cgroup_directory(std::string_view membership, std::string_view mountinfo);

struct CgroupPlace {
  std::string directory;   // this process's own; empty if no cgroup v2 is visible here
  bool delegated = false;  // a directory could be made in it, and a child started there
  std::string why_not;     // a sentence, unless `delegated`
};

CgroupPlace find_cgroup_place();

}  // namespace tether
