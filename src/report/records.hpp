// The text of the records: one JSON object a line, each at most record_limit bytes, newline
// included, as record.schema.json beside this file defines them. Pure: writes nothing.
#pragma once

#include <sys/types.h>
#include <time.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "failure.hpp"
#include "policy/guarantees.hpp"
#include "policy/lifecycle.hpp"
#include "sys/cgroup_place.hpp"
#include "sys/clone.hpp"
#include "sys/sandbox_facts.hpp"

namespace tether {

// PIPE_BUF: a write of this size to a pipe is atomic (pipe(7)).
constexpr std::size_t record_limit = 4096;

// What holds the child from now on, as the start record names it.
enum class HeldBy { tether, keeper, socket, become, nobody };

struct StartRecord {
  bool is_held_at_gate = false;  // "spawned": COMMAND does not run yet
  pid_t pid = -1;
  char* const* command = nullptr;
  timespec started_at{};  // CLOCK_REALTIME
  std::optional<std::uint64_t> pidfs_inode;
  pid_t init_pid = -1;        // first process of the namespace; -1 without --pid-namespace
  pid_t supervisor_pid = -1;  // tether or the keeper, if it stays; else -1
  HeldBy held_by = HeldBy::tether;
  Guarantees guarantees;
};

struct ReadyRecord {
  pid_t pid = -1;
  double after_s = 0;
  std::optional<std::string> status;  // STATUS= of COMMAND
};

// Resource usage of the child, and how it is known.
struct Usage {
  enum class From {
    wait,          // exact
    in_namespace,  // exact, from the wait by the namespace's first process
    cgroup,        // exact, of every process that was in the cgroup
    sampled,       // a lower bound, from samples while the child ran
  };
  From from = From::wait;
  double user_s = 0;
  double system_s = 0;
  std::optional<std::int64_t> max_rss_kib;
};

// Usage of the cgroup that the child was started in, as far as it can be known.
struct CgroupRecord {
  std::string path;
  std::optional<std::uint64_t> memory_peak_bytes;
  std::optional<std::uint64_t> pids_peak;
};

struct ExitRecord {
  pid_t pid = -1;
  Ending ending;
  Cause cause = Cause::command;
  bool escalated = false;
  double elapsed_s = 0;
  std::optional<Usage> usage;
  std::optional<int> leftover;              // descendants that tether had to end
  std::optional<int> survivors;             // descendants that tether could not end
  int exit_status = 0;                      // tether's own
  std::optional<CgroupRecord> cgroup = {};  // with --cgroup
};

// What --features reports beside the clone flags: the sandbox, tether's privileges, and the means
// that are available.
struct Surroundings {
  std::string machine;  // uname -m
  SandboxFacts sandbox;
  uid_t user = 0;
  std::vector<std::string> capabilities;
  bool user_namespace_needed = false;  // for a PID namespace
  std::string why_no_pid_namespace;    // a sentence; empty: it is permitted
  CgroupPlace cgroup;
  // The means for the autoreap of --detach without a keeper, for a tie, and all those for a tree.
  Means detached_autoreap = Means::none;
  Means tie = Means::none;
  std::vector<Means> trees;
};

struct FeaturesRecord {
  std::string kernel;
  KernelSupport support;
  Guarantees guarantees;  // with --autoreap --autokill --nnp
  std::optional<Surroundings> around = {};
};

struct DryRunRecord {
  char* const* command = nullptr;
  std::string located;  // empty: not found
  std::string call;
  std::vector<std::string> flags;
  Guarantees guarantees;
  std::optional<HeldBy> held_by = {};      // none without a child
  std::optional<std::string> cgroup = {};  // with --cgroup
  bool makes_cgroup = false;
};

// One line with its newline. A command that does not fit is cut, and marked as cut.
std::string to_line(const StartRecord& record);
std::string to_line(const ReadyRecord& record);
std::string to_line(const ExitRecord& record);
std::string to_line(const FeaturesRecord& record);
std::string to_line(const DryRunRecord& record);
std::string error_line(const Failure& failure);

}  // namespace tether
