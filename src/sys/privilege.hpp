// The privileges of this process: user and group ids, capabilities.
#pragma once

#include <cstdint>
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

}  // namespace tether
