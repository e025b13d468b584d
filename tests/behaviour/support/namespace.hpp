// Namespaces by the tool in-namespace, in surroundings that suit them or do not.
#pragma once

#include <sys/mount.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "harness.hpp"

namespace tether::test {

// The script's shell is process 2 in a namespace of its own. Where `setup` has a wrapper already,
// that one runs the tool.
inline Setup inside(const std::string& script, Setup setup = {}) {
  setup.wrapper = setup.wrapper + Words{tool("in-namespace"), "/bin/sh", "-c", script};
  return setup;
}

// The same shell without a namespace.
inline Setup outside(const std::string& script, Setup setup = {}) {
  setup.wrapper = setup.wrapper + Words{"/bin/sh", "-c", script};
  return setup;
}

// The tool stands in for tether, whose path is an argument here that nobody reads.
inline Finished run(const Setup& setup) {
  return run(Words{}, setup);
}

// On the test machines they must be had; elsewhere a container or an administrator may forbid them.
bool has_namespaces(const Setup& setup = {});

// For Setup::before_exec, by root: mounts that nobody else sees, shared among those inside.
// Ends with status no_mount_namespace where that cannot be had.
constexpr int no_mount_namespace = 95;
void unshare_mounts();

// Whether root may do that here.
bool has_mount_namespaces();

// For Setup::before_exec, by root: the next exec loses this capability.
void drop_from_bounding_set(int capability);

}  // namespace tether::test
