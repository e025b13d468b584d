// Who runs tether, and what that allows: ids, capabilities, the limit on open descriptors.
#pragma once

#include <sys/resource.h>

#include <cstdint>
#include <optional>
#include <string>

namespace tether {

// Bit n is capability n of linux/capability.h.
struct Capabilities {
  std::uint64_t effective = 0;
  std::uint64_t permitted = 0;
};

// This process's own, in its own user namespace. None where they cannot be asked for.
Capabilities capabilities();

// True if this process has more privilege than the one that started it: it is run set-user-ID,
// set-group-ID, or from a file with capabilities. AT_SECURE alone does not tell, since security
// modules set it too (getauxval(3)).
bool is_elevated();

// CAP_SYS_ADMIN in our own user namespace, as the kernel asks of autokill without no_new_privs.
bool has_sys_admin();

// True if a program we start could change its credentials: uid 0, or any permitted capability.
bool may_change_credentials();

// True if exec of `path` (seen from `directory_fd` where relative) meets security.capability, on
// the file itself or on the interpreters of a script: such an exec clears the parent-death signal.
bool has_file_capabilities(int directory_fd, const std::string& path);

// Puts a placeholder on each of 0 to 2 that is closed, so that none of our own descriptors lands
// there. Close-on-exec: COMMAND finds them closed, as the caller left them. Says on the way whether
// the limit on descriptors is a tiny one.
enum class StandardDescriptors { filled, filled_under_tiny_limit, not_filled };
StandardDescriptors fill_standard_descriptors();

// Lets tether itself open what it needs under a tiny soft limit. Returns the limit to give back to
// the child, if it was changed.
std::optional<rlimit> raise_tiny_descriptor_limit();

}  // namespace tether
