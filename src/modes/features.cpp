#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <string>
#include <utility>
#include <vector>

#include "failure.hpp"
#include "modes/modes.hpp"
#include "report/messages.hpp"
#include "report/records.hpp"
#include "setup/preparation.hpp"
#include "spawn/namespace_failure.hpp"
#include "sys/namespaces.hpp"
#include "sys/processes.hpp"

namespace tether {
namespace {

constexpr const char* cannot_be_had = "neither available nor emulated here";

std::string machine() {
  utsname name{};
  return ::uname(&name) == 0 ? name.machine : "unknown";
}

// The means by which the guarantees that `options` ask for are met here; none where nothing can.
Guarantees means_for(const Options& options, const KernelSupport& support) {
  const Guarantees chosen = choose_means(options, support, facts_for(options, nullptr));
  return check_possible(options, chosen).ok() ? chosen : Guarantees{};
}

Guarantees means_for_tree(Options options, const KernelSupport& support) {
  options.tree = true;
  return can_see_family() ? means_for(options, support) : Guarantees{};
}

// For a detached child that needs no keeper.
Means detached_autoreap(const KernelSupport& support) {
  Options options;
  options.mode = Mode::detach;
  return means_for(options, support).autoreap;
}

Means tie(const KernelSupport& support) {
  Options options;
  options.die_with_parent = true;
  return means_for(options, support).supervisor;
}

// The reason is the message that --pid-namespace would have here.
std::string why_no_pid_namespace(const KernelSupport& support) {
  if (!can_see_family()) return "--pid-namespace needs /proc";
  if (!support.pidfd_open) return "--pid-namespace needs pidfd_open, which a sandbox filters";
  const Status tried = try_namespaces(support.way);
  if (tried.ok()) return {};
  const Failure& failure = tried.failure();
  return failure.hint.empty() ? describe(failure) : failure.hint;
}

std::vector<Means> trees(const Surroundings& around, const KernelSupport& support) {
  std::vector<Means> found;
  Options options;
  const auto add = [&] {
    const Means means = means_for_tree(options, support).tree;
    if (means != Means::none) found.push_back(means);
  };
  add();
  options.cgroup = around.cgroup.directory;
  if (around.cgroup.delegated) add();
  options.cgroup.reset();
  options.pid_namespace = true;
  if (around.why_no_pid_namespace.empty()) add();
  return found;
}

Surroundings look_around(const KernelSupport& support) {
  Surroundings around;
  around.machine = machine();
  around.sandbox = collect_sandbox_facts();
  around.user = ::geteuid();
  around.capabilities = capabilities_that_matter();
  around.user_namespace_needed = plan_namespaces().user_namespace;
  around.why_no_pid_namespace = why_no_pid_namespace(support);
  around.cgroup = find_cgroup_place();
  around.detached_autoreap = detached_autoreap(support);
  around.tie = tie(support);
  around.trees = trees(around, support);
  return around;
}

std::string kernel_rows(const KernelSupport& support) {
  const std::pair<const char*, bool> flags[] = {{"CLONE_AUTOREAP", support.autoreap},
                                                {"CLONE_NNP", support.nnp},
                                                {"CLONE_PIDFD_AUTOKILL", support.autokill},
                                                {"CLONE_INTO_CGROUP", support.into_cgroup}};
  std::vector<const char*> has;
  std::vector<const char*> lacks;
  for (const auto& [name, is_there] : flags) (is_there ? has : lacks).push_back(name);
  std::string text =
      table_row("kernel", fmt::format("Linux {}, {}", kernel_release(), machine())) +
      table_row("clone3",
                support.clone3_error == 0
                    ? std::string("works")
                    : fmt::format("answers {}: a sandbox filters it; {} is used instead",
                                  error_name(support.clone3_error), call_name(support.way)));
  if (!has.empty()) text += table_row("it has", fmt::format("{}", fmt::join(has, " ")));
  if (!lacks.empty()) text += table_row("it lacks", fmt::format("{}", fmt::join(lacks, " ")));
  return text;
}

std::string sandbox_text(const SandboxFacts& sandbox) {
  std::vector<std::string> found;
  if (!sandbox.container.empty()) found.push_back(fmt::format("container ({})", sandbox.container));
  if (sandbox.filtered) found.emplace_back("a seccomp filter");
  if (sandbox.no_new_privs) found.emplace_back("no_new_privs");
  if (sandbox.user_namespace.value_or(false)) found.emplace_back("a user namespace");
  if (sandbox.pid_namespace.value_or(false)) found.emplace_back("a PID namespace");
  if (!sandbox.confined_by.empty()) found.push_back(fmt::format("label '{}'", sandbox.confined_by));
  if (!sandbox.user_namespace) found.emplace_back("namespaces unknown without /proc");
  return found.empty() ? "none found" : fmt::format("{}", fmt::join(found, ", "));
}

std::string caller_text(const Surroundings& around) {
  if (around.capabilities.empty()) return fmt::format("uid {}", around.user);
  return fmt::format("uid {}, {}", around.user, fmt::join(around.capabilities, " "));
}

std::string pid_namespace_text(const Surroundings& around) {
  if (!around.why_no_pid_namespace.empty()) return "refused: " + around.why_no_pid_namespace;
  return around.user_namespace_needed ? "permitted, with a user namespace" : "permitted";
}

std::string cgroup_text(const CgroupPlace& cgroup) {
  return cgroup.delegated ? "delegated: " + cgroup.directory : cgroup.why_not;
}

std::string guarantee_row(const char* name, Means means, Guarantee guarantee) {
  return table_row(name, means, means == Means::none ? cannot_be_had : explain(guarantee, means));
}

std::string guarantee_rows(const Guarantees& guarantees, const Surroundings& around) {
  std::string text = fmt::format("\n{:<15} {:<14} {}\n", "guarantee", "met by", "that is");
  text += guarantee_row("autoreap", guarantees.autoreap, &Guarantees::autoreap);
  text += guarantee_row("autoreap, -d", around.detached_autoreap, &Guarantees::autoreap);
  text += guarantee_row("autokill", guarantees.autokill, &Guarantees::autokill);
  text += guarantee_row("nnp", guarantees.nnp, &Guarantees::nnp);
  text += guarantee_row("other ties", around.tie, &Guarantees::supervisor);
  for (const Means means : around.trees) text += guarantee_row("tree", means, &Guarantees::tree);
  if (around.trees.empty()) text += guarantee_row("tree", Means::none, &Guarantees::tree);
  return text;
}

std::string features_text(const FeaturesRecord& record) {
  const Surroundings& around = *record.around;
  return table_row("tether", TETHER_VERSION) + kernel_rows(record.support) +
         table_row("sandbox", sandbox_text(around.sandbox)) +
         table_row("caller", caller_text(around)) +
         table_row("PID namespaces", pid_namespace_text(around)) +
         table_row("cgroup v2", cgroup_text(around.cgroup)) +
         guarantee_rows(record.guarantees, around);
}

}  // namespace

Result<int> show_features(const Options& options) {
  Options everything;
  everything.autokill = everything.nnp = true;
  FeaturesRecord record;
  record.kernel = kernel_release();
  record.support = probe_kernel();
  record.guarantees = choose_means(everything, record.support, facts_for(everything, nullptr));
  record.around = look_around(record.support);
  return print(options.json ? to_line(record) : features_text(record));
}

Result<int> show_version(const Options& options) {
  const std::string version = fmt::format("tether {}\n", TETHER_VERSION);
  return print(options.verbose ? version + kernel_rows(probe_kernel()) : version);
}

}  // namespace tether
