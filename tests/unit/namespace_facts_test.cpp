// What is read out of the texts of /proc about a machine that refuses namespaces.
#include <doctest/doctest.h>

#include <string>

#include "sys/sandbox_facts.hpp"

namespace tether {
namespace {

const std::string plain =
    "22 27 0:21 / /proc rw,relatime - proc proc rw\n"
    "23 27 0:22 / /sys rw,relatime - sysfs sysfs rw\n"
    "27 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n";

std::string mounted_on(const std::string& path) {
  return plain + "40 22 0:40 / " + path + " rw,relatime shared:9 - tmpfs tmpfs rw\n";
}

}  // namespace

TEST_CASE("a mount over a part of proc is found by its path") {
  CHECK(covered_part_of_proc(mounted_on("/proc/kcore")) == "/proc/kcore");
  CHECK(covered_part_of_proc(mounted_on("/proc/sys")) == "/proc/sys");
  CHECK(covered_part_of_proc(mounted_on("/proc/sys/fs")) == "/proc/sys/fs");
  CHECK(covered_part_of_proc(mounted_on("/proc/bus") + "41 22 0:41 / /proc/fs ro - x x ro\n") ==
        "/proc/bus");
  CHECK(covered_part_of_proc("40 22 0:40 / /proc/acpi ro") == "/proc/acpi");
}

TEST_CASE("what is no mount over a part of proc is not taken for one") {
  CHECK(covered_part_of_proc(plain).empty());
  CHECK(covered_part_of_proc("").empty());
  CHECK(covered_part_of_proc("\n\nproc\n").empty());
  for (const char* path : {"/proc", "/process/x", "/srv/proc/kcore", "/procs"}) {
    CAPTURE(path);
    CHECK(covered_part_of_proc(mounted_on(path)).empty());
  }
  // The fourth word, what is mounted, may look like it.
  CHECK(covered_part_of_proc("40 22 0:40 /proc/kcore /mnt rw - proc proc rw\n").empty());
}

TEST_CASE("a mount on a directory that is made for one hides nothing") {
  CHECK(covered_part_of_proc(mounted_on("/proc/sys/fs/binfmt_misc")).empty());
  CHECK(covered_part_of_proc(mounted_on("/proc/fs/nfsd")).empty());
  CHECK(covered_part_of_proc(mounted_on("/proc/sys/fs/binfmt_misc") +
                             "41 22 0:41 / /proc/keys ro - x x ro\n") == "/proc/keys");
}

TEST_CASE("a seccomp filter is told from none and from strict mode") {
  CHECK(tells_of_filter("Name:\tx\nSeccomp:\t2\nSeccomp_filters:\t1\n"));
  CHECK(tells_of_filter("Seccomp:\t2"));
  CHECK_FALSE(tells_of_filter("Name:\tx\nSeccomp:\t0\nSeccomp_filters:\t2\n"));
  CHECK_FALSE(tells_of_filter("Seccomp:\t1\n"));
  CHECK_FALSE(tells_of_filter("Seccomp_filters:\t2\n"));
  CHECK_FALSE(tells_of_filter("Name:\tSeccomp:\t2\n"));
  CHECK_FALSE(tells_of_filter(""));
}

TEST_CASE("the facts of this process are those of its own proc") {
  const NamespaceFacts facts = collect_namespace_facts();
  REQUIRE(facts.has_proc);
  CHECK(facts.most_pids.has_value());
  CHECK(facts.knows_pid_namespaces);
}

}  // namespace tether
