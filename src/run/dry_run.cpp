#include <fmt/format.h>
#include <fmt/ranges.h>
#include <linux/sched.h>

#include <utility>

#include "engine/namespace_trial.hpp"
#include "engine/spawn.hpp"
#include "report/messages.hpp"
#include "report/records.hpp"
#include "report/reporter.hpp"
#include "report/table.hpp"
#include "run/gate.hpp"
#include "run/receiver.hpp"
#include "run/run.hpp"
#include "run/start.hpp"
#include "sys/cgroup.hpp"
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

// Those that were asked for.
std::string guarantee_rows(const Guarantees& guarantees) {
  std::string text;
  const auto add = [&text](const char* name, Means means, const char* (*explain)(Means)) {
    if (means != Means::none) text += table_row(name, means, explain(means));
  };
  add("autoreap", guarantees.autoreap, explain_autoreap);
  add("autokill", guarantees.autokill, explain_autokill);
  add("nnp", guarantees.nnp, explain_nnp);
  add("tree", guarantees.tree, explain_tree);
  if (guarantees.autokill == Means::none) add("ties", guarantees.supervisor, explain_supervisor);
  return text;
}

const char* explain(HeldBy held_by) {
  switch (held_by) {
    case HeldBy::tether:
      return "tether, which stays";
    case HeldBy::keeper:
      return "a keeper, which tether leaves in the background";
    case HeldBy::socket:
      return "whoever reads the socket, to which its pidfd goes";
    case HeldBy::become:
      return "the command that tether becomes";
    case HeldBy::nobody:
      return "nobody: tether leaves, and it lives on";
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

// The same questions that a start asks before it makes anything.
Status look_at_what_is_named(const Options& options, const Inherited& inherited) {
  const CallersDescriptors callers{options.status_fd, options.block_fd, options.die_on_eof,
                                   options.pidfd_fd};
  if (Status written = check_record_descriptors(options, callers); !written.ok()) return written;
  if (options.pidfd_fd && !options.become)
    if (Status opened = Receiver().open(options, callers); !opened.ok()) return opened;
  if (Status gate = check_gate(options, callers); !gate.ok()) return gate;
  const Result<TieWatch> ties = TieWatch::open(options, inherited.parent, callers);
  return ties.ok() ? Status(Unit{}) : ties.failure();
}

Status look_at_cgroup(const Options& options, DryRunRecord& record) {
  if (!options.cgroup) return Unit{};
  const Result<bool> makes = Cgroup::would_make(*options.cgroup);
  if (!makes.ok()) return makes.failure();
  record.cgroup = options.cgroup;
  record.makes_cgroup = makes.value();
  return Unit{};
}

}  // namespace

// Nothing that it names is opened for writing, so that nothing is made. A PID namespace is tried by
// a process that ends at once: nothing else tells whether there will be one.
Result<int> show_dry_run(const Options& asked, const Inherited& inherited) {
  const KernelSupport support = probe_kernel();
  Options options = asked;
  options.watches_holder = must_watch_holder(options, support, facts_for(options, nullptr));
  const bool in_place = options.mode == Mode::in_place;
  if (Status permitted = check_privilege(options, facts_for(options, nullptr)); !permitted.ok())
    return permitted.failure();
  if (Status looked = look_at_what_is_named(options, inherited); !looked.ok())
    return looked.failure();
  Result<Launch> launch = Launch::prepare(options, inherited);
  if (!launch.ok()) return launch.failure();
  DryRunRecord record;
  record.command = options.command;
  record.located = launch.value().located();
  record.guarantees = choose_means(options, support, facts_for(options, &launch.value()));
  if (Status possible = check_possible(options, record.guarantees); !possible.ok())
    return possible.failure();
  if (in_place) record.guarantees.nnp = options.nnp ? Means::prctl : Means::none;
  if (Status strict = check_strict(options, record.guarantees, support, kernel_release());
      !strict.ok())
    return strict.failure();
  if (Status looked = look_at_cgroup(options, record); !looked.ok()) return looked.failure();
  if (options.pid_namespace)
    if (Status tried = try_namespaces(support.way); !tried.ok()) return tried.failure();

  SpawnRequest request;
  request.way = support.way;
  request.guarantees = guarantee_flags(record.guarantees);
  // Of the first process of a namespace: the one that the kernel's guarantees are for.
  if (options.pid_namespace) request.guarantees |= namespace_flags(plan_namespaces());
  if (options.status_file || options.pidfile || options.block_fd || options.tree ||
      options.watches_holder)
    request.before_exec = [](const Child&) -> Status { return Unit{}; };
  if (options.mode == Mode::wait) record.held_by = HeldBy::tether;
  if (options.mode == Mode::hand_over)
    record.held_by = options.become ? HeldBy::become : HeldBy::socket;
  if (options.mode == Mode::detach)
    record.held_by = options.leaves_keeper() ? HeldBy::keeper : HeldBy::nobody;
  record.call = in_place ? "execve" : call_name(support.way);
  const bool into_cgroup = options.cgroup && support.into_cgroup;
  if (!in_place) record.flags = names_of(flags_of(request) | (into_cgroup ? CLONE_INTO_CGROUP : 0));
  return print(options.json ? to_line(record) : dry_run_text(record));
}

}  // namespace tether
