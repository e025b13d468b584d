// Which guarantee is met by what. Pure: the kernel and the caller come in as facts.
#pragma once

#include <string>

#include "failure.hpp"
#include "policy/options.hpp"
#include "sys/kernel_support.hpp"

namespace tether {

// By what a guarantee is met. The names are those of the records.
enum class Means {
  none,
  kernel,         // a flag of the clone call
  wait,           // autoreap: we stay and reap it
  init,           // autoreap: orphaned on purpose, and left to whoever inherits it
  pdeathsig,      // autokill: the parent-death signal, where exec of COMMAND cannot clear it
  keeper,         // autokill: a process that watches the holder
  prctl,          // nnp: set before exec, as strong
  subreaper,      // tree: we adopt the orphans and end them
  cgroup,         // tree: all that is in it is ended
  pid_namespace,  // tree: the kernel ends all with the first process
};

struct Guarantees {
  Means autoreap = Means::none;
  Means autokill = Means::none;
  Means nnp = Means::none;
  Means supervisor = Means::none;  // what ends the child if the enforcer of its ties is killed
  Means tree = Means::none;        // what reaches all that COMMAND has started
};

// Facts about the caller and COMMAND that the choice depends on.
struct CallerFacts {
  bool sys_admin = false;                 // CAP_SYS_ADMIN in the user namespace
  bool may_change_credentials = false;    // root, or any capability
  bool command_has_capabilities = false;  // security.capability met by exec
  bool is_first_process = false;          // of a PID namespace: all in it ends with us
};

// Whether autokill is asked for without what the kernel wants for it. The same rule on every
// kernel, emulated or not, so that a script means the same everywhere.
Status check_privilege(const Options& options, const CallerFacts& caller);

// The best that `support` allows for each guarantee asked for; none where nothing does.
Guarantees choose_means(const Options& options, const KernelSupport& support,
                        const CallerFacts& caller);

// Whether a keeper has to watch who holds the child's pidfd after it was handed over, as the kernel
// does not. To be known before the start: it is the keeper that makes the child then.
bool must_watch_last_close(const Options& options, const KernelSupport& support,
                           const CallerFacts& caller);

// A Failure if a guarantee was asked for that can be neither had nor emulated here.
Status check_possible(const Options& options, const Guarantees& chosen);

// With --strict: a Failure that names the first guarantee that the kernel does not enforce.
Status check_strict(const Options& options, const Guarantees& chosen, const KernelSupport& support,
                    const std::string& kernel_release);

// The clone flags that the chosen means stand for.
std::uint64_t guarantee_flags(const Guarantees& chosen);

// "kernel", "wait", ...; nullptr for none.
const char* name_of(Means means);

// What that means in plain words, for --features, --dry-run and -v; short enough for a table. "not
// asked for" where there is no means.
const char* explain_autoreap(Means means);
const char* explain_autokill(Means means);
const char* explain_nnp(Means means);
const char* explain_supervisor(Means means);
const char* explain_tree(Means means);

// Each guarantee once, in the order in which records and users are told of them.
struct GuaranteeRow {
  const char* field;  // in records
  const char* label;  // for users
  Means Guarantees::*means;
  const char* (*explain)(Means);
};
inline constexpr GuaranteeRow guarantee_table[] = {
    {"autoreap", "autoreap", &Guarantees::autoreap, explain_autoreap},
    {"autokill", "autokill", &Guarantees::autokill, explain_autokill},
    {"nnp", "nnp", &Guarantees::nnp, explain_nnp},
    {"tree", "tree", &Guarantees::tree, explain_tree},
    {"supervisor", "ties", &Guarantees::supervisor, explain_supervisor},
};

// Whether users are told of `row`: it was asked for, and is not the tie that autokill is anyway.
bool is_told(const GuaranteeRow& row, const Guarantees& guarantees);

}  // namespace tether
