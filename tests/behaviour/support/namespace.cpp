#include "namespace.hpp"

#include <doctest/doctest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>

#include <sstream>
#include <string>

namespace tether::test {
namespace {

bool succeeds_here(const Setup& setup) {
  const Finished finished = run(setup);
  INFO(finished.err);
  if (is_in_vm()) REQUIRE(finished.exit_code == 0);
  if (finished.exit_code != 0) MESSAGE("no namespaces to be had here: not tested");
  return finished.exit_code == 0;
}

// A machine may have a proc elsewhere, as for a chroot: with that one in sight the kernel permits
// another (mount_too_revealing), whatever covers /proc.
void detach_other_procs() {
  std::istringstream mounts(read_file("/proc/self/mounts"));
  for (std::string device, place, type, rest;
       mounts >> device >> place >> type && std::getline(mounts, rest);)
    if (type == "proc" && place != "/proc") (void)::umount2(place.c_str(), MNT_DETACH);
}

}  // namespace

bool has_namespaces(const Setup& setup) {
  return succeeds_here(inside("true", setup));
}

void unshare_mounts() {
  if (::unshare(CLONE_NEWNS) != 0 ||
      ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
      ::mount(nullptr, "/", nullptr, MS_REC | MS_SHARED, nullptr) != 0)
    ::_exit(no_mount_namespace);
  detach_other_procs();
}

bool has_mount_namespaces() {
  Setup setup;
  setup.before_exec = unshare_mounts;
  return is_root() && succeeds_here(outside("true", setup));
}

void drop_from_bounding_set(int capability) {
  if (::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0) ::_exit(94);
}

}  // namespace tether::test
