#include "spawn/namespace_failure.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "enum_table.hpp"
#include "sys/unique_fd.hpp"

namespace tether {
namespace {

bool is_denied(int error_number) {
  return error_number == EPERM || error_number == EACCES;
}

// For an errno that means a limit: a visible limit is zero, or else one is used up.
std::string why_no_more(const NamespacePlan& plan, const NamespaceFacts& facts) {
  const char* none = nullptr;
  if (facts.most_mounts == 0) none = "user.max_mnt_namespaces";
  if (facts.most_pids == 0) none = "user.max_pid_namespaces";
  if (plan.user_namespace && facts.most_users == 0) none = "user.max_user_namespaces";
  if (none != nullptr) return fmt::format("sysctl {} is 0; root can raise it", none);
  return "a limit is reached: user.max_user_namespaces, user.max_pid_namespaces and "
         "user.max_mnt_namespaces (sysctl), or 32 namespaces in each other";
}

std::string why_not_built_in(const NamespacePlan& plan, const NamespaceFacts& facts) {
  if (!facts.knows_pid_namespaces) return "this kernel is built without PID namespaces";
  if (plan.user_namespace && !facts.knows_user_namespaces)
    return "this kernel is built without user namespaces; root needs none";
  return {};
}

// Security modules answer with either errno, and nothing tells that they did.
std::string why_a_module_denies(const NamespacePlan& plan, const NamespaceFacts& facts) {
  if (plan.user_namespace && facts.apparmor_restricts.value_or(0) != 0)
    return "AppArmor refuses it to programs without a profile: sysctl "
           "kernel.apparmor_restrict_unprivileged_userns is not 0";
  if (!facts.confined_by.empty())
    return fmt::format("a security module may refuse it to '{}' (/proc/self/attr/current)",
                       facts.confined_by);
  return {};
}

std::string why_filtered(const NamespaceFacts& facts) {
  return facts.filtered ? "a sandbox filters it (Seccomp in /proc/self/status)" : "";
}

std::string first_of(const std::string& one, const std::string& other) {
  return one.empty() ? other : one;
}

// Certain causes first: a filter or a label can be there without being the cause.
std::string why_clone_is_denied(const NamespacePlan& plan, int error_number,
                                const NamespaceFacts& facts) {
  if (plan.user_namespace && facts.users_may_clone == 0)
    return "sysctl kernel.unprivileged_userns_clone is 0; root can set it to 1";
  if (plan.user_namespace && !facts.root_is_mount)
    return "this is a chroot: only root makes namespaces there";
  const std::string filter = why_filtered(facts);
  const std::string module = why_a_module_denies(plan, facts);
  // The usual filters answer EPERM, modules mostly EACCES.
  std::string found = error_number == EPERM ? first_of(filter, module) : first_of(module, filter);
  if (!found.empty() || !plan.user_namespace) return found;
  return facts.has_proc ? "perhaps a chroot, or a sandbox"
                        : "perhaps a chroot, or a sandbox; there is no /proc here to tell";
}

std::string why_ids_are_denied(const NamespacePlan& plan, NamespaceStep step, int error_number,
                               const NamespaceFacts& facts) {
  if (error_number == EROFS) return "/proc is mounted read-only";
  if (error_number == ENOENT && !facts.has_proc) return "no /proc is mounted here";
  if (!is_denied(error_number)) return {};
  if (step == NamespaceStep::user_map && !facts.may_map_root)
    return "uid 0 needs CAP_SETFCAP for it, or CAP_SYS_ADMIN; another uid needs neither";
  return first_of(why_a_module_denies(plan, facts), why_filtered(facts));
}

std::string why_mounts_are_denied(const NamespacePlan& plan, NamespaceStep step, int error_number,
                                  const NamespaceFacts& facts) {
  const bool no_mount_there = error_number == EINVAL || error_number == ENOENT;
  if (no_mount_there && step == NamespaceStep::propagation && !facts.root_is_mount)
    return "in a chroot /proc has to be mounted before";
  if (error_number == ENOENT && step == NamespaceStep::proc) return "there is no directory /proc";
  if (!is_denied(error_number)) return {};
  const bool proc_must_be_seen = step == NamespaceStep::proc && error_number == EPERM;
  if (proc_must_be_seen && !facts.covered.empty())
    return fmt::format(
        "parts of /proc are covered, such as {}; all of it has to be open (docker: --security-opt "
        "systempaths=unconfined)",
        facts.covered);
  if (proc_must_be_seen && plan.user_namespace && !facts.has_proc)
    return "no /proc is mounted here";
  const std::string found = first_of(why_a_module_denies(plan, facts), why_filtered(facts));
  return first_of(found, "a sandbox forbids mounts, perhaps by Landlock, which cannot be seen");
}

// What tether did at each step.
constexpr Named<NamespaceStep> acts[] = {
    {NamespaceStep::clone, ""},
    {NamespaceStep::setgroups, "writing /proc/self/setgroups"},
    {NamespaceStep::user_map, "writing /proc/self/uid_map"},
    {NamespaceStep::group_map, "writing /proc/self/gid_map"},
    {NamespaceStep::propagation, "keeping mounts inside"},
    {NamespaceStep::proc, "mounting /proc"},
    {NamespaceStep::capabilities, "dropping capabilities"},
};
static_assert(has_each(acts, &Named<NamespaceStep>::value, NamespaceStep::capabilities));

[[noreturn]] void report_and_end(const NamespacePlan& plan, int pipe_fd) {
  const NamespaceStatus status = set_up_namespaces(plan);
  const bool written = ::write(pipe_fd, &status, sizeof status) == sizeof status;
  ::_exit(written ? 0 : 1);
}

}  // namespace

std::string why_namespaces_are_refused(const NamespacePlan& plan, const NamespaceStatus& status,
                                       const NamespaceFacts& facts) {
  const int error = status.error_number;
  switch (status.step) {
    case NamespaceStep::clone:
      // EUSERS was the answer up to Linux 4.8.
      if (error == ENOSPC || error == EUSERS) return why_no_more(plan, facts);
      if (error == EINVAL) return why_not_built_in(plan, facts);
      if (error == ENOSYS) return why_filtered(facts);
      return is_denied(error) ? why_clone_is_denied(plan, error, facts) : std::string();
    case NamespaceStep::setgroups:
    case NamespaceStep::user_map:
    case NamespaceStep::group_map:
      return why_ids_are_denied(plan, status.step, error, facts);
    case NamespaceStep::propagation:
    case NamespaceStep::proc:
      return why_mounts_are_denied(plan, status.step, error, facts);
    case NamespaceStep::capabilities:
      return is_denied(error) ? why_filtered(facts) : std::string();
  }
  return {};
}

Failure namespace_failure(const NamespacePlan& plan, const NamespaceStatus& status) {
  return Failure{.stage = Stage::namespaces,
                 .error_number = status.error_number,
                 .detail = row_of(acts, status.step).name,
                 .hint = why_namespaces_are_refused(plan, status, collect_namespace_facts())};
}

Status try_namespaces(CloneWay way) {
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC) != 0)
    return Failure{.stage = Stage::namespaces, .error_number = errno};
  const UniqueFd reading(ends[0]);
  UniqueFd writing(ends[1]);
  const NamespacePlan plan = plan_namespaces();
  const Cloned first = fork_with_pidfd(way, namespace_flags(plan), 0);
  if (first.pid < 0) return namespace_failure(plan, {NamespaceStep::clone, first.error_number});
  if (first.pid == 0) report_and_end(plan, writing.get());
  writing.reset();
  NamespaceStatus status{NamespaceStep::clone, ECHILD};
  while (::read(reading.get(), &status, sizeof status) < 0 && errno == EINTR) {
  }
  while (::waitpid(first.pid, nullptr, __WALL) < 0 && errno == EINTR) {
  }
  if (status.ok()) return Unit{};
  return namespace_failure(plan, status);
}

}  // namespace tether
