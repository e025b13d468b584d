// What tells a process from every other that ever had its number: here, before and after a reboot,
// and in other PID namespaces that see the same files.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tether {

struct ProcessIdentity {
  pid_t pid = -1;
  std::string boot;                 // /proc/sys/kernel/random/boot_id; empty without /proc
  std::uint64_t pid_namespace = 0;  // inode of /proc/self/ns/pid; 0 without /proc
  std::uint64_t start_time = 0;     // clock ticks since the boot (proc(5), stat, field 22); 0 where
                                    // /proc hides it (hidepid)
  std::uint64_t pidfs_inode = 0;    // unique since the boot; 0 before Linux 6.9
};

// The identity of the process that `pidfd` is open for, as seen from here. `pid` is its number.
// None if it has ended.
std::optional<ProcessIdentity> identify(pid_t pid, int pidfd);

// The same process? By the inode where both have one, else by the start time; none if neither can
// tell.
std::optional<bool> is_same(const ProcessIdentity& one, const ProcessIdentity& other);

// One line, newline included, and back.
std::string to_line(const ProcessIdentity& identity);
std::optional<ProcessIdentity> parse_identity(std::string_view line);

// Whether `pid` is a child of `ancestor`, or a child of such a one, and so on, at this moment; also
// while a process on the way ends, if `ancestor` inherits its children (PR_SET_CHILD_SUBREAPER).
bool is_descendant(pid_t pid, pid_t ancestor);

}  // namespace tether
