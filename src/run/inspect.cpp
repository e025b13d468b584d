#include <fmt/format.h>
#include <fmt/ranges.h>
#include <linux/sched.h>

#include <utility>

#include "engine/spawn.hpp"
#include "report/messages.hpp"
#include "report/records.hpp"
#include "run/run.hpp"
#include "run/start.hpp"
#include "sys/cgroup.hpp"
#include "sys/errors.hpp"
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

std::string row(const char* name, Means means, const char* explanation) {
  const char* by = name_of(means);
  return fmt::format("  {:<10} {:<13} {}\n", name, by != nullptr ? by : "-", explanation);
}

std::string guarantee_rows(const Guarantees& guarantees) {
  return row("autoreap", guarantees.autoreap, explain_autoreap(guarantees.autoreap)) +
         row("autokill", guarantees.autokill, explain_autokill(guarantees.autokill)) +
         row("nnp", guarantees.nnp, explain_nnp(guarantees.nnp)) +
         (guarantees.tree == Means::none
              ? std::string()
              : row("tree", guarantees.tree, explain_tree(guarantees.tree)));
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
  std::string text = "would run   ";
  for (char* const* word = record.command; *word != nullptr; ++word)
    text += fmt::format("{}{}", word == record.command ? "" : " ", *word);
  text += fmt::format("\nfound as    {}\n", record.located.empty() ? "(nothing)" : record.located);
  text += fmt::format("by          {}({})\n", record.call, fmt::join(record.flags, " | "));
  if (record.cgroup)
    text += fmt::format("in cgroup   {}{}\n", *record.cgroup,
                        record.makes_cgroup ? ", which would be made" : "");
  if (record.held_by) text += fmt::format("held by     {}\n", explain(*record.held_by));
  return text + guarantee_rows(record.guarantees);
}

std::string features_text(const FeaturesRecord& record) {
  const KernelSupport& support = record.support;
  std::string text = fmt::format("kernel      Linux {}\n", record.kernel);
  text += support.clone3_error == 0
              ? std::string("clone3      works\n")
              : fmt::format("clone3      answers {}: a sandbox filters it; {} is used instead\n",
                            error_name(support.clone3_error), call_name(support.way));
  const auto flag = [](const char* name, bool there) {
    return fmt::format("  {:<21} {}\n", name, there ? "yes" : "no");
  };
  text += "clone flags\n" + flag("CLONE_AUTOREAP", support.autoreap) +
          flag("CLONE_NNP", support.nnp) + flag("CLONE_PIDFD_AUTOKILL", support.autokill) +
          flag("CLONE_INTO_CGROUP", support.into_cgroup);
  text += "with --autoreap --autokill --nnp\n";
  return text + guarantee_rows(record.guarantees);
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

// Nothing that it names is opened for writing, so that nothing is made.
Result<int> show_dry_run(const Options& asked, const Inherited& inherited) {
  const KernelSupport support = probe_kernel();
  Options options = asked;
  options.watches_holder = must_watch_holder(options, support, facts_for(options, nullptr));
  const bool in_place = options.mode == Mode::in_place;
  if (Status permitted = check_privilege(options, facts_for(options, nullptr)); !permitted.ok())
    return permitted.failure();
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

Result<int> show_features(const Options& options) {
  Options everything;
  everything.autokill = everything.nnp = true;
  FeaturesRecord record;
  record.kernel = kernel_release();
  record.support = probe_kernel();
  record.guarantees = choose_means(everything, record.support, facts_for(everything, nullptr));
  return print(options.json ? to_line(record) : features_text(record));
}

}  // namespace tether
