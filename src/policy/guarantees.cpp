#include "policy/guarantees.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstddef>
#include <iterator>

#include "enum_table.hpp"
#include "failure.hpp"

namespace tether {
namespace {

// A change of credentials clears the parent-death signal, and so does exec of a file with
// capabilities, no_new_privs or not (prctl(2); observed on Linux 5.10 to 7.2). What COMMAND
// executes later, or undoes by prctl(2), cannot be known here: the man page names that limit.
bool command_could_unbind(const Options& options, const CallerFacts& caller) {
  return caller.may_change_credentials || !options.nnp || caller.command_has_capabilities;
}

// What ends the child with the process that enforces its ties, where no clone flag does.
Means emulated_binding(const Options& options, const KernelSupport& support,
                       const CallerFacts& caller) {
  // The warden never execs, so that nothing clears its parent-death signal; the kernel ends a PID
  // namespace with its first process.
  if (options.pid_namespace || (options.tree && caller.is_first_process)) return Means::pdeathsig;
  if (options.tree) return support.pidfd_open ? Means::keeper : Means::none;
  if (!command_could_unbind(options, caller)) return Means::pdeathsig;
  return support.pidfd_open ? Means::keeper : Means::none;
}

// Without CAP_SYS_ADMIN clone3 wants CLONE_NNP with CLONE_PIDFD_AUTOKILL: a no_new_privs that is
// set otherwise does not count (EPERM).
bool has_native_autokill(const Options& options, const KernelSupport& support,
                         const CallerFacts& caller) {
  const bool permitted = (options.nnp && support.nnp) || caller.sys_admin;
  return support.autokill && support.autoreap && permitted;
}

bool is_enforced(Means means) {
  return means == Means::none || means == Means::kernel || means == Means::prctl ||
         means == Means::pid_namespace || means == Means::cgroup;
}

constexpr Named<Means> means_names[] = {
    {Means::none, nullptr},          {Means::kernel, "kernel"},
    {Means::wait, "wait"},           {Means::init, "init"},
    {Means::pdeathsig, "pdeathsig"}, {Means::keeper, "keeper"},
    {Means::prctl, "prctl"},         {Means::subreaper, "subreaper"},
    {Means::cgroup, "cgroup"},       {Means::pid_namespace, "pid-namespace"},
};
static_assert(has_each(means_names, &Named<Means>::value, Means::pid_namespace));

struct Explanation {
  Guarantee guarantee;
  Means means;
  const char* text;
};
constexpr Explanation explanations[] = {
    {&Guarantees::autoreap, Means::kernel, "the kernel reaps the child (CLONE_AUTOREAP)"},
    {&Guarantees::autoreap, Means::wait, "tether or its keeper reaps the child"},
    {&Guarantees::autoreap, Means::init, "orphaned: reaped by process 1 or a subreaper"},
    {&Guarantees::autokill, Means::kernel, "SIGKILL at the last close (CLONE_PIDFD_AUTOKILL)"},
    {&Guarantees::autokill, Means::pdeathsig, "SIGKILL when tether dies (parent-death signal)"},
    {&Guarantees::autokill, Means::keeper, "SIGKILL when the holder dies (by a helper)"},
    {&Guarantees::nnp, Means::kernel, "no_new_privs from birth (CLONE_NNP)"},
    {&Guarantees::nnp, Means::prctl, "no_new_privs before its first instruction (prctl)"},
    {&Guarantees::tree, Means::subreaper, "a warden adopts and ends all descendants"},
    {&Guarantees::tree, Means::cgroup, "the whole cgroup is ended (cgroup.kill)"},
    {&Guarantees::tree, Means::pid_namespace, "the kernel ends all with the first process"},
    {&Guarantees::supervisor, Means::kernel, "if tether is killed, the kernel ends the child"},
    {&Guarantees::supervisor, Means::pdeathsig, "if tether is killed: the parent-death signal"},
    {&Guarantees::supervisor, Means::keeper, "if tether is killed, a helper ends the child"},
};

}  // namespace

Status check_privilege(const Options& options, const CallerFacts& caller) {
  if (!options.autokill || options.nnp || caller.sys_admin) return Unit{};
  return Failure{
      .stage = Stage::privilege,
      .error_number = EPERM,
      .detail = "--autokill needs --nnp, or CAP_SYS_ADMIN in the user namespace",
      .hint = "add --nnp; sudo, su and other set-user-ID programs then gain nothing in COMMAND"};
}

Guarantees choose_means(const Options& options, const KernelSupport& support,
                        const CallerFacts& caller) {
  Guarantees chosen;
  if (options.wants_autoreap()) {
    const bool tether_stays = options.mode == Mode::wait || options.leaves_keeper();
    const Means emulated = tether_stays ? Means::wait : Means::init;
    chosen.autoreap = support.autoreap ? Means::kernel : emulated;
  }
  if (options.tree)
    chosen.tree = options.pid_namespace ? Means::pid_namespace
                  : options.cgroup      ? Means::cgroup
                                        : Means::subreaper;
  if (options.nnp) chosen.nnp = support.nnp ? Means::kernel : Means::prctl;
  if (options.autokill) {
    const bool native = has_native_autokill(options, support, caller);
    const Means emulated = emulated_binding(options, support, caller);
    chosen.supervisor = native ? Means::kernel : emulated;
    // No parent-death signal ties the child to the holder of a pidfd that was handed over.
    const bool is_watched = options.mode == Mode::hand_over && emulated != Means::none;
    chosen.autokill = native ? Means::kernel : is_watched ? Means::keeper : emulated;
  }
  // The keeper of a child that was handed over needs a second pidfd, from pidfd_open(2).
  const bool shares_pidfd = options.mode == Mode::hand_over && options.autokill &&
                            (chosen.autokill != Means::kernel || options.leaves_keeper());
  if (shares_pidfd && !support.pidfd_open) {
    chosen.autokill = chosen.supervisor = Means::none;
    return chosen;
  }
  // The kernel's autokill acts when the holder dies, not when the keeper does that enforces ties.
  if (options.has_tie() && (!options.autokill || options.mode == Mode::hand_over))
    chosen.supervisor = emulated_binding(options, support, caller);
  return chosen;
}

bool must_watch_last_close(const Options& options, const KernelSupport& support,
                           const CallerFacts& caller) {
  return options.mode == Mode::hand_over && options.autokill &&
         !has_native_autokill(options, support, caller);
}

Status check_possible(const Options& options, const Guarantees& chosen) {
  const bool is_tied = options.autokill || options.has_tie();
  if (!is_tied || chosen.supervisor != Means::none) return Unit{};
  return Failure{
      .stage = Stage::guarantee,
      .detail = fmt::format("{} is not possible here: pidfd_open is not available",
                            options.autokill ? "autokill" : "a tie"),
      .hint = "a sandbox filters pidfd_open; an unprivileged caller with --nnp needs none"};
}

Status check_strict(const Options& options, const Guarantees& chosen, const KernelSupport& support,
                    const std::string& kernel_release) {
  if (!options.strict) return Unit{};
  if (!is_enforced(chosen.tree))
    return Failure{.stage = Stage::guarantee,
                   .detail = "--strict: --tree alone is not enforced by the kernel",
                   .hint = "--pid-namespace and --cgroup are enforced, where they are permitted"};
  const bool has_autokill = is_enforced(chosen.autokill);
  if (has_autokill && is_enforced(chosen.autoreap)) return Unit{};
  const std::string hint = support.clone3_error == 0
                               ? "without --strict tether emulates this, and the record says how"
                               : fmt::format("clone3 answers {} here: a sandbox filters it",
                                             error_name(support.clone3_error));
  return Failure{
      .stage = Stage::guarantee,
      .detail = fmt::format("--strict: {} is enforced by the kernel from Linux {} on, this is {}",
                            has_autokill ? "autoreap" : "autokill", native_since, kernel_release),
      .hint = hint};
}

std::uint64_t guarantee_flags(const Guarantees& chosen) {
  return (chosen.autoreap == Means::kernel ? clone_autoreap : 0) |
         (chosen.nnp == Means::kernel ? clone_nnp : 0) |
         (chosen.autokill == Means::kernel ? clone_pidfd_autokill : 0);
}

const char* name_of(Means means) {
  return row_of(means_names, means).name;
}

const char* explain(Guarantee guarantee, Means means) {
  for (const Explanation& each : explanations)
    if (each.guarantee == guarantee && each.means == means) return each.text;
  return "not asked for";
}

bool is_told(const GuaranteeRow& row, const Guarantees& guarantees) {
  const bool is_autokills =
      row.guarantee == &Guarantees::supervisor && guarantees.autokill != Means::none;
  return guarantees.*row.guarantee != Means::none && !is_autokills;
}

}  // namespace tether
