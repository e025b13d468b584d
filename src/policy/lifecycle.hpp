// The state machine of a child: which event leads to which act, and which cause its end has. Pure:
// no process, no clock, no system call. The supervisor reports events and performs the acts.
#pragma once

#include <array>
#include <csignal>
#include <cstdint>
#include <optional>
#include <vector>

#include "policy/options.hpp"
#include "sys/ending.hpp"
#include "sys/signal_names.hpp"

namespace tether {

// Why the child ended, as the exit record names it.
enum class Cause {
  command,  // tether had no part in it
  signal,   // after a signal that tether passed on
  // tether ended the child:
  timeout,    // the time limit expired
  parent,     // the caller died
  pid,        // a process of --die-with-pid died
  eof,        // the descriptor of --die-on-eof was at end of file
  not_ready,  // COMMAND did not become ready
  holder,     // the last holder of the pidfd, or the warden, died
};
const char* name_of(Cause cause);
// The cause in plain words; nullptr for Cause::command.
const char* explain(Cause cause);

struct SignalEvent {
  int signal = 0;
  bool from_kernel = false;         // by a terminal or the like, not a process (si_code SI_KERNEL)
  bool from_ourselves = false;      // caused by tether, for example by a write to a closed pipe
  bool child_in_our_group = false;  // the child is in tether's process group at this moment
  bool we_lead_session = false;     // tether is a session leader
  // A later signal cancels this one: SIGCONT a stop; a stop or another SIGCONT a SIGCONT. The
  // kernel would have discarded it if it had still been pending (signal(7), prepare_signal()).
  bool is_overtaken = false;
};

struct Act {
  enum class Kind {
    nothing,
    pass_on,         // `signal` to the child, or to its process group
    stop_ourselves,  // tether stops by `signal`, as the child did
    replace_watchdog,
    end,         // `signal` to the child, its process group or its tree, then SIGCONT, as a stopped
                 // process cannot act on it; SIGKILL is due after --kill-after
    kill,        // SIGKILL to the same
    kill_child,  // SIGKILL to the child alone, or to its tree
    ask_tree,    // `signal` to what is left of the tree
  };
  Kind kind = Kind::nothing;
  int signal = 0;
};

// Which signal is passed on for which (--rewrite).
class SignalMap {
 public:
  // Other signals stay the same. The later rewrite of a signal counts; a result is not rewritten.
  explicit SignalMap(const std::vector<Rewrite>& rewrites = {});

  // The signal to pass on for `signal`, which is from 1 to last_signal; 0: none.
  [[nodiscard]] int of(int signal) const { return map_[static_cast<std::size_t>(signal)]; }

 private:
  std::array<int, last_signal + 1> map_;
};

class Lifecycle {
 public:
  // `first_signal` begins an ending by tether: of the child alone, or of its whole tree.
  enum class Scope { child, tree };
  explicit Lifecycle(int first_signal = SIGTERM, Scope scope = Scope::child)
      : first_signal_(first_signal), scope_(scope) {}

  // Signals are rewritten by `map` from now on.
  void rewrite_by(const SignalMap& map) { map_ = map; }

  // A signal came to tether. One that the terminal has sent to the child as well is not passed on.
  Act on_signal(const SignalEvent& event);
  // `signal` stopped the child: tether stops too, for the caller's shell to see. Not if a SIGCONT
  // to tether has come, which the stop would discard; nor while tether is ending the child.
  Act on_child_stopped(int signal, bool continue_has_come);
  Act on_child_continued();
  // The watchdog has ended although the child lives.
  Act on_watchdog_gone();
  // The warden was killed, and tether has inherited the tree.
  Act on_warden_gone();
  // No process holds the child any more: the pidfd is closed everywhere, or could not be handed
  // over. The child ends alone, as by the kernel's autokill; with Scope::tree the tree ends.
  Act on_holder_gone();
  // There is a reason for tether to end the child. Only the first call has an effect.
  Act on_reason_to_end(Cause reason);
  // The time between the first signal and SIGKILL has passed.
  Act on_kill_due();
  // The child has ended. With Scope::tree the rest of the tree is ended; else it is the last event.
  Act on_child_ended();
  [[nodiscard]] Cause cause_of(const Ending& ending) const;
  [[nodiscard]] bool is_ending() const { return ending_.has_value(); }
  // Whether an ending that began with another signal needed SIGKILL.
  [[nodiscard]] bool escalated() const { return escalated_; }

 private:
  bool stopped_ = false;
  bool continued_by_others_ = false;  // the same SIGCONT is still to come to tether
  int first_signal_;
  Scope scope_;
  bool child_ended_ = false;
  std::optional<Cause> ending_;  // the cause of an ending that has begun
  bool escalated_ = false;
  SignalMap map_;
  std::uint64_t passed_on_ = 0;  // bit n-1: signal n was passed on
  bool asked_to_end_ = false;    // by one of those, before or after it was rewritten
};

}  // namespace tether
