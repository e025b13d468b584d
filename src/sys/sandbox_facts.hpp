// What on this machine or in its sandbox may forbid namespaces, and the signs of a sandbox or a
// container, as far as this process can see.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tether {

struct NamespaceFacts {
  // Sysctls; none where the kernel has no such file or it cannot be read.
  std::optional<long> users_may_clone;     // kernel.unprivileged_userns_clone (Debian's kernels)
  std::optional<long> most_users;          // user.max_user_namespaces
  std::optional<long> most_pids;           // user.max_pid_namespaces
  std::optional<long> most_mounts;         // user.max_mnt_namespaces
  std::optional<long> apparmor_restricts;  // kernel.apparmor_restrict_unprivileged_userns
  bool has_proc = true;                    // /proc is a proc file system
  bool knows_user_namespaces = true;       // built into the kernel
  bool knows_pid_namespaces = true;        // likewise
  bool root_is_mount = true;               // else this is a chroot
  bool filtered = false;                   // this process has a seccomp filter
  bool may_map_root = true;                // this process is not uid 0, or has CAP_SETFCAP
  std::string covered;                     // what is mounted over a part of /proc; empty: nothing
  std::string confined_by;                 // the label of a security module; empty: none
};

// For the process that was refused, outside the namespaces. Makes a dozen system calls: for errors
// only.
NamespaceFacts collect_namespace_facts();

// The first mount in the text of /proc/self/mountinfo that hides a part of /proc; empty if there is
// none. Pure.
std::string covered_part_of_proc(std::string_view mountinfo);

// Whether the text of /proc/self/status shows a seccomp filter. Pure.
bool tells_of_filter(std::string_view status);

// For a report that people read: tether decides nothing by them.
struct SandboxFacts {
  bool filtered = false;               // this process has a seccomp filter
  bool no_new_privs = false;           // set for tether itself
  std::string container;               // the engine, as far as a mark tells; empty: none
  std::string confined_by;             // the label of a security module; empty: none
  std::optional<bool> user_namespace;  // not the machine's first one; none without /proc
  std::optional<bool> pid_namespace;   // likewise
};

SandboxFacts collect_sandbox_facts();

// The names of the effective capabilities that make a difference to tether.
std::vector<std::string> capabilities_that_matter();

}  // namespace tether
