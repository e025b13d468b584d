// A PID namespace with a /proc of its own: what to ask of the clone, and what the first process
// does in it before it makes any other.
#pragma once

#include <sys/types.h>

#include <cstdint>

#include "sys/privilege.hpp"

namespace tether {

// What is known before the clone only: the new process has all capabilities of its user namespace,
// and no ids there yet.
struct NamespacePlan {
  bool user_namespace = false;  // the caller may not make the others without one
  uid_t user = 0;
  gid_t group = 0;
  Capabilities capabilities;
  std::uint64_t gainable = 0;  // capabilities that an exec inside may give
};

// Where it failed. The errno of `clone` is the caller's to fill in.
enum class NamespaceStep {
  clone,
  setgroups,     // to be given up before gid_map can be written (user_namespaces(7))
  user_map,      // the caller's effective ids, each to itself
  group_map,     //
  propagation,   // so that no mount made inside is seen outside
  proc,          // the mount of the namespace's own /proc
  capabilities,  // those that only the user namespace gave
};

// Plain data, to be sent to the parent as it is.
struct NamespaceStatus {
  NamespaceStep step = NamespaceStep::clone;
  int error_number = 0;

  [[nodiscard]] bool ok() const { return error_number == 0; }
};

// As this process, and nobody else, may do it. A user namespace only where CAP_SYS_ADMIN is
// missing.
NamespacePlan plan_namespaces();

// What fork_with_pidfd() is to be given besides the guarantees. Not for a child that shares memory.
std::uint64_t namespace_flags(const NamespacePlan& plan);

// In the first process, single-threaded, right after the clone: /proc has to be the caller's still.
// With a user namespace it leaves this process no capability that the caller had not. A COMMAND
// that has uid 0 there has what the caller had; to others a file gives its capabilities as it does
// outside, but over the namespace only. COMMAND cannot change its ids or groups. Stops at the first
// step that fails; the process is then good for _exit only. A process that is not the first one
// anywhere gets ENOSYS, and nothing is changed.
NamespaceStatus set_up_namespaces(const NamespacePlan& plan);

}  // namespace tether
