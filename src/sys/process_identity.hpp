// What tells a process from every other one that ever has its pid: on this boot, on another one,
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
  std::uint64_t start_time = 0;   // clock ticks since boot (field 22 of stat); 0 if /proc hides it
  std::uint64_t pidfs_inode = 0;  // unique since the boot; 0 before Linux 6.9
};

// The identity of the process behind `pidfd`, which has the number `pid`. None if it has ended.
std::optional<ProcessIdentity> identify(pid_t pid, int pidfd);

// Whether both are the same process: by the inode where both have one, else by the start time; none
// if neither can tell.
std::optional<bool> is_same(const ProcessIdentity& one, const ProcessIdentity& other);

// One line with its newline, and back; none if `line` is no such line.
std::string to_line(const ProcessIdentity& identity);
std::optional<ProcessIdentity> parse_identity(std::string_view line);

// Whether `pid` descends from `ancestor` at this moment. Right even while a process between them
// ends, if `ancestor` is a subreaper (PR_SET_CHILD_SUBREAPER).
bool is_descendant(pid_t pid, pid_t ancestor);

}  // namespace tether
