// What a machine or a sandbox has against new namespaces, as far as it can be seen from here.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tether {

struct NamespaceFacts {
  // The sysctls that matter; none where the kernel has no such file or it cannot be read.
  std::optional<long> users_may_clone;     // kernel.unprivileged_userns_clone (Debian's kernels)
  std::optional<long> most_users;          // user.max_user_namespaces
  std::optional<long> most_pids;           // user.max_pid_namespaces
  std::optional<long> most_mounts;         // user.max_mnt_namespaces
  std::optional<long> apparmor_restricts;  // kernel.apparmor_restrict_unprivileged_userns
  bool has_proc = true;                    // /proc is a proc file system
  bool knows_user_namespaces = true;       // built into the kernel
  bool knows_pid_namespaces = true;        //
  bool root_is_mount = true;               // else this is a chroot
  bool filtered = false;                   // by seccomp
  bool may_map_root = true;                // the caller is not uid 0, or has CAP_SETFCAP
  std::string covered;                     // what is mounted over a part of /proc; empty: nothing
  std::string confined_by;                 // the label of a security module; empty: none
};

// For the process that was refused, outside the namespaces. Asks the kernel a dozen times: only for
// an error.
NamespaceFacts collect_namespace_facts();

// The first mount over a part of /proc in the text of /proc/self/mountinfo that hides something;
// empty if there is none.
std::string covered_part_of_proc(std::string_view mountinfo);

// Whether the text of /proc/self/status tells of a seccomp filter.
bool tells_of_filter(std::string_view status);

}  // namespace tether
