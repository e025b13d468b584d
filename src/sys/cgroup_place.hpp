// Where this process is in cgroup v2.
#pragma once

#include <string>
#include <string_view>

namespace tether {

// The directory of the cgroup that the texts of /proc/self/cgroup and /proc/self/mountinfo tell of;
// empty if it is not to be seen from here.
std::string cgroup_directory(std::string_view membership, std::string_view mountinfo);

struct CgroupPlace {
  std::string directory;   // this process's own; empty: no cgroup v2 is to be seen here
  bool delegated = false;  // a directory could be made in it, and a child started there
  std::string why_not;     // a sentence, where it is not
};

// Found out without a trace.
CgroupPlace find_cgroup_place();

}  // namespace tether
