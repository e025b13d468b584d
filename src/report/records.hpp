// The text of the records: one JSON object a line, each at most record_limit bytes, newline
// included, as record.schema.json beside this file defines them. Pure: writes nothing.
#pragma once

#include <time.h>

#include <cstdint>
#include <optional>
#include <string>

#include "failure.hpp"
#include "policy/guarantees.hpp"
#include "policy/lifecycle.hpp"
#include "report/surroundings.hpp"
#include "sys/kernel_support.hpp"

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

// The name of a stage, as in an error record.
const char* name_of(Stage stage);

}  // namespace tether
