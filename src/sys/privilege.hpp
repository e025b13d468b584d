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

// This process's capabilities in its own user namespace; none if capget(2) fails.
Capabilities capabilities();

// Whether this process has more privilege than the caller: it was started set-user-ID,
// set-group-ID, or from a file with capabilities. AT_SECURE alone does not tell, since security
// modules set it too (getauxval(3)).
bool is_elevated();

// Whether CAP_SYS_ADMIN is effective, which the kernel requires for autokill without no_new_privs.
bool has_sys_admin();

// Whether COMMAND could change its credentials: uid 0, or any permitted capability.
bool may_change_credentials();

// Whether the file `path` (relative to `directory_fd`) or an interpreter of it has the attribute
// security.capability, or cannot be read: such an exec clears the parent-death signal.
bool has_file_capabilities(int directory_fd, const std::string& path);

}  // namespace tether
