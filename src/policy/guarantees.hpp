// Chooses by which means each guarantee is met, natively or emulated. Pure: what the kernel
// supports and what tether may do come in as facts.
#pragma once

#include <string>

#include "failure.hpp"
#include "policy/options.hpp"
#include "sys/clone.hpp"

namespace tether {

// The means by which a guarantee is met, as the records name them.
enum class Means {
  none,
  kernel,         // a flag of the clone call
  wait,           // autoreap: tether or its keeper stays and reaps the child
  init,           // autoreap: the child is orphaned on purpose, and its new parent reaps it
  pdeathsig,      // autokill, supervisor: the parent-death signal, where no exec can clear it
  keeper,         // autokill, supervisor: a helper process watches and sends SIGKILL: the watchdog,
                  // with --tree the warden, for a child that was handed over the keeper
  prctl,          // nnp: prctl(2) before exec, as strong
  subreaper,      // tree: the warden adopts the orphans and ends them
  cgroup,         // tree: every process in the cgroup is ended
  pid_namespace,  // tree: the kernel ends all processes with the first one
};

struct Guarantees {
  Means autoreap = Means::none;
  Means autokill = Means::none;
  Means nnp = Means::none;
  Means supervisor = Means::none;  // ends the child if the process that enforces its ties is killed
  Means tree = Means::none;        // reaches every process that COMMAND has started
};

// Facts about tether and COMMAND that the choice depends on.
struct CallerFacts {
  bool sys_admin = false;                 // CAP_SYS_ADMIN in the user namespace
  bool may_change_credentials = false;    // root, or any capability
  bool command_has_capabilities = false;  // security.capability met by exec
  bool is_first_process = false;          // of a PID namespace, which ends with tether
};

// A Failure (Stage::privilege) if autokill lacks what the kernel wants for it: --nnp or
// CAP_SYS_ADMIN. The same where autokill is emulated, so that scripts work the same everywhere.
Status check_privilege(const Options& options, const CallerFacts& caller);

// The strongest means that `support` allows for each guarantee asked for; Means::none without one.
Guarantees choose_means(const Options& options, const KernelSupport& support,
                        const CallerFacts& caller);

// Whether a keeper has to watch for the last close of the pidfd that is handed over, as the kernel
// does not. Ask before the start: the keeper then makes the child.
bool must_watch_last_close(const Options& options, const KernelSupport& support,
                           const CallerFacts& caller);

// A Failure (Stage::guarantee) if a guarantee was asked for that cannot even be emulated here.
Status check_possible(const Options& options, const Guarantees& chosen);

// With --strict: a Failure (Stage::guarantee) for a guarantee that the kernel does not enforce.
Status check_strict(const Options& options, const Guarantees& chosen, const KernelSupport& support,
                    const std::string& kernel_release);

// The clone flags for the means that are Means::kernel.
std::uint64_t guarantee_flags(const Guarantees& chosen);

// "kernel", "wait", ...; nullptr for none.
const char* name_of(Means means);

// One of the guarantees.
using Guarantee = Means Guarantees::*;

// The means in plain words, short enough for a table; "not asked for" for Means::none.
const char* explain(Guarantee guarantee, Means means);

// Each guarantee once, in the order of records and messages.
struct GuaranteeRow {
  const char* field;  // in records
  const char* label;  // in messages
  Guarantee guarantee;
};
inline constexpr GuaranteeRow guarantee_table[] = {
    {"autoreap", "autoreap", &Guarantees::autoreap},
    {"autokill", "autokill", &Guarantees::autokill},
    {"nnp", "nnp", &Guarantees::nnp},
    {"tree", "tree", &Guarantees::tree},
    {"supervisor", "ties", &Guarantees::supervisor},
};

// Whether messages name `row`: it was asked for, and is not the tie that autokill is anyway.
bool is_told(const GuaranteeRow& row, const Guarantees& guarantees);

}  // namespace tether
