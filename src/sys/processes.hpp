// Processes as /proc shows them at this moment: the state of each, its identity, and which descends
// from which. The tree changes meanwhile: code that acts on an answer must look again.
// Also the command line that ps(1) shows of this process.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tether {

struct Relative {
  pid_t pid = -1;
  pid_t parent = -1;
  std::uint64_t start_time = 0;  // clock ticks since boot; with the pid, it names the process
  bool has_ended = false;        // a zombie, which its parent has not reaped yet
  bool is_asleep = false;        // in an interruptible sleep (state S)
};

// Reads /proc/PID/stat (proc_pid_stat(5)). None if there is no such process or /proc hides it.
std::optional<Relative> look_at(pid_t pid);

// Every living descendant of `ancestor` that /proc shows, parents before their children. Reads the
// kernel's lists of children (CONFIG_PROC_CHILDREN), or without them looks at every process.
std::vector<Relative> descendants_of(pid_t ancestor);

// The living children of `parent`.
std::vector<Relative> children_of(pid_t parent);

// Every living process that /proc shows, without this one.
std::vector<Relative> all_others();

// Whether /proc is there and shows this process itself.
bool can_see_family();

// The line of /proc/PID/stat (proc_pid_stat(5)).
struct ProcessStat {
  char state = 0;
  pid_t parent = 0;              // 0: none in this PID namespace, or the process is being reaped
  std::uint64_t user_ticks = 0;  // processor time, sysconf(_SC_CLK_TCK) a second
  std::uint64_t system_ticks = 0;
  std::uint64_t threads = 0;
  std::uint64_t start_time = 0;  // ticks since boot; with the pid, it names the process
};

// None if `line` is no such line.
std::optional<ProcessStat> parse_process_stat(std::string_view line);

// None and errno if there is no such process, or /proc hides it.
std::optional<ProcessStat> read_process_stat(pid_t pid);

// What tells a process from every other one that ever has its pid: on this boot, on another one,
// and in other PID namespaces that see the same files.
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

// Remembers where main's arguments and, behind them, the environment lie. Once, first in main.
void remember_command_line(char** arguments, char** environment);

// Overwrites that memory, which /proc/PID/cmdline shows, with `title` and empties the environment:
// for a process that needs neither any more. Does nothing if no command line was remembered.
void set_process_title(std::string_view title);

}  // namespace tether
