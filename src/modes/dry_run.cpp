#include <fmt/format.h>
#include <fmt/ranges.h>
#include <linux/sched.h>

#include <cerrno>
#include <optional>
#include <utility>

#include "modes/modes.hpp"
#include "report/messages.hpp"
#include "report/records.hpp"
#include "report/reporter.hpp"
#include "run/job.hpp"
#include "setup/preparation.hpp"
#include "spawn/namespace_failure.hpp"
#include "spawn/spawn.hpp"
#include "sys/namespaces.hpp"

namespace tether {
namespace {

constexpr std::pair<std::uint64_t, const char*> flag_names[] = {
    {CLONE_PIDFD, "CLONE_PIDFD"},   {CLONE_VM, "CLONE_VM"},
    {CLONE_VFORK, "CLONE_VFORK"},   {clone_autoreap, "CLONE_AUTOREAP"},
    {clone_nnp, "CLONE_NNP"},       {clone_pidfd_autokill, "CLONE_PIDFD_AUTOKILL"},
    {CLONE_NEWNS, "CLONE_NEWNS"},   {CLONE_NEWUSER, "CLONE_NEWUSER"},
    {CLONE_NEWPID, "CLONE_NEWPID"}, {CLONE_INTO_CGROUP, "CLONE_INTO_CGROUP"},
};

std::vector<std::string> names_of(std::uint64_t flags) {
  std::vector<std::string> names;
  for (const auto& [flag, name] : flag_names)
    if ((flags & flag) != 0) names.emplace_back(name);
  return names;
}

// The guarantees that were asked for.
std::string guarantee_rows(const Guarantees& guarantees) {
  std::string text;
  for (const GuaranteeRow& row : guarantee_table)
    if (is_told(row, guarantees))
      text += table_row(row.label, guarantees.*row.guarantee,
                        explain(row.guarantee, guarantees.*row.guarantee));
  return text;
}

const char* explain(HeldBy held_by) {
  switch (held_by) {
    case HeldBy::tether:
      return "tether, which stays";
    case HeldBy::keeper:
      return "a keeper, which tether leaves in the background";
    case HeldBy::socket:
      return "the receiver at the other end of the socket";
    case HeldBy::become:
      return "the command of --become";
    case HeldBy::nobody:
      return "no process: COMMAND runs on without tether";
  }
  return "";
}

std::string dry_run_text(const DryRunRecord& record) {
  std::string words;
  for (char* const* word = record.command; *word != nullptr; ++word)
    words += fmt::format("{}{}", word == record.command ? "" : " ", *word);
  std::string text =
      table_row("would run", words) +
      table_row("found as", record.located.empty() ? "(nothing)" : record.located) +
      table_row("by", fmt::format("{}({})", record.call, fmt::join(record.flags, " | ")));
  if (record.cgroup)
    text += table_row(record.makes_cgroup ? "makes cgroup" : "in cgroup", *record.cgroup);
  if (record.held_by) text += table_row("held by", explain(*record.held_by));
  return text + guarantee_rows(record.guarantees);
}

// What the kernel would refuse at the spawn: to put the child into the cgroup, or to make a PID
// namespace. A process that ends at once tries the namespace: nothing else tells whether the kernel
// permits one.
Status look_at_spawn(const Options& options, const KernelSupport& support,
                     const Prepared& prepared) {
  if (prepared.seen_cgroup && !prepared.seen_cgroup->unwritable_file().empty())
    return explain_by(*prepared.seen_cgroup,
                      Failure{.stage = Stage::cgroup, .error_number = EACCES});
  return options.pid_namespace ? try_namespaces(support.way) : Status(Unit{});
}

SpawnRequest request_for(const Options& options, const KernelSupport& support,
                         const Guarantees& guarantees) {
  SpawnRequest request;
  request.way = support.way;
  request.guarantees = guarantee_flags(guarantees);
  // With a PID namespace the kernel's guarantees are for its first process.
  if (options.pid_namespace) request.guarantees |= namespace_flags(plan_namespaces());
  request.is_held = options.status_file || options.pidfile || options.block_fd || options.tree ||
                    options.watches_last_close;
  return request;
}

std::uint64_t flags_for(const Options& options, const KernelSupport& support,
                        const Guarantees& guarantees) {
  const bool into_cgroup = options.cgroup && support.into_cgroup;
  return flags_of(request_for(options, support, guarantees)) |
         (into_cgroup ? CLONE_INTO_CGROUP : 0);
}

}  // namespace

Result<int> show_dry_run(const Options& asked, const Inherited& inherited) {
  const KernelSupport support = probe_kernel();
  Options options = asked;
  options.watches_last_close = must_watch_last_close(options, support, facts_for(options, nullptr));
  Prepared prepared;
  if (Status looked = prepare(prepared, Depth::look, options, inherited, nullptr); !looked.ok())
    return looked.failure();
  Guarantees guarantees = choose_means(options, support, facts_for(options, &*prepared.launch));
  if (Status possible = check_possible(options, guarantees); !possible.ok())
    return possible.failure();
  const bool in_place = options.mode == Mode::in_place;
  if (in_place) guarantees.nnp = options.nnp ? Means::prctl : Means::none;
  if (Status strict = check_strict(options, guarantees, support, kernel_release()); !strict.ok())
    return strict.failure();
  if (Status spawned = look_at_spawn(options, support, prepared); !spawned.ok())
    return spawned.failure();

  DryRunRecord record;
  record.command = options.command;
  record.located = prepared.launch->located();
  record.cgroup = options.cgroup;
  record.makes_cgroup = prepared.seen_cgroup && !prepared.seen_cgroup->is_there();
  record.guarantees = guarantees;
  if (!in_place) record.held_by = holder_by(options);
  record.call = in_place ? "execve" : call_name(support.way);
  if (!in_place) record.flags = names_of(flags_for(options, support, guarantees));
  return print(options.json ? to_line(record) : dry_run_text(record));
}

}  // namespace tether
