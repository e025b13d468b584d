// Where a process is in cgroup v2, from the texts of /proc.
#include "sys/cgroup_place.hpp"

#include <doctest/doctest.h>

#include <string>

namespace tether {
namespace {

const std::string unified =
    "24 30 0:22 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:9 - cgroup2 cgroup2 rw\n";
const std::string others =
    "22 30 0:20 / /proc rw - proc proc rw\n"
    "25 30 0:23 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n";

}  // namespace

TEST_CASE("the directory is that of the membership below the mount") {
  CHECK(cgroup_directory("0::/\n", others + unified) == "/sys/fs/cgroup");
  CHECK(cgroup_directory("0::/user.slice/a.scope\n", unified) ==
        "/sys/fs/cgroup/user.slice/a.scope");
  CHECK(cgroup_directory("3:cpu:/x\n1:name=systemd:/y\n0::/z\n", others + unified) ==
        "/sys/fs/cgroup/z");
}

TEST_CASE("a mount of a part has only what is in it") {
  const std::string part = "24 30 0:22 /docker/1 /sys/fs/cgroup ro - cgroup2 cgroup rw\n";
  CHECK(cgroup_directory("0::/docker/1\n", part) == "/sys/fs/cgroup");
  CHECK(cgroup_directory("0::/docker/1/job\n", part) == "/sys/fs/cgroup/job");
  CHECK(cgroup_directory("0::/docker/12\n", part).empty());
  CHECK(cgroup_directory("0::/\n", part).empty());
  CHECK(cgroup_directory("0::/docker/1\n", part + unified) == "/sys/fs/cgroup");
}

TEST_CASE("without cgroup v2 or without /proc there is none") {
  CHECK(cgroup_directory("", unified).empty());
  CHECK(cgroup_directory("3:cpu:/x\n", unified).empty());
  CHECK(cgroup_directory("0::/x\n", others).empty());
  CHECK(cgroup_directory("0::/x\n", "").empty());
  CHECK(cgroup_directory("0::/x\n", "nonsense\n - cgroup2 \n\n").empty());
}

}  // namespace tether
