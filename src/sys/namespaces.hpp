// A PID namespace with a /proc of its own: the flags for the clone, and the steps that the first
// process takes before it makes any other.
#pragma once

#include <sys/types.h>

#include <cstdint>

#include "sys/privilege.hpp"

namespace tether {

// What has to be read before the clone: afterwards the new process has all capabilities of its user
// namespace, and no ids there yet.
struct NamespacePlan {
  bool user_namespace = false;  // this process may not make the others without one
  uid_t user = 0;
  gid_t group = 0;
  Capabilities capabilities;
  std::uint64_t gainable = 0;  // capabilities that an exec inside may give
};

// The step that failed. For `clone` the calling code fills in the errno.
enum class NamespaceStep {
  clone,
  setgroups,     // has to be denied before gid_map can be written (user_namespaces(7))
  user_map,      // the effective uid, to itself
  group_map,     // the effective gid, to itself
  propagation,   // so that no mount made inside is seen outside
  proc,          // the mount of the namespace's own /proc
  capabilities,  // dropping those that only the user namespace gave
};

// Plain data, to be sent to the parent as it is.
struct NamespaceStatus {
  NamespaceStep step = NamespaceStep::clone;
  int error_number = 0;

  [[nodiscard]] bool ok() const { return error_number == 0; }
};

// The plan for this process. Has a user namespace only where CAP_SYS_ADMIN is missing.
NamespacePlan plan_namespaces();

// The flags for fork_with_pidfd(), besides the guarantees. Not for a child that shares memory.
std::uint64_t namespace_flags(const NamespacePlan& plan);

// Runs in the first process of the namespace, single-threaded, right after the clone: /proc must
// still be tether's. With a user namespace it leaves this process no capability that tether had
// not. A COMMAND with uid 0 has what tether had; to another uid a file gives its capabilities as
// outside, but over the namespace only. COMMAND cannot change its ids or groups. Returns at the
// first step that fails; the process can only _exit then. ENOSYS, and nothing is changed, if this
// process is not the first one of a PID namespace.
NamespaceStatus set_up_namespaces(const NamespacePlan& plan);

}  // namespace tether
