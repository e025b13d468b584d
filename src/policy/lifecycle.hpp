// Which event leads to which act, and what the end is put down to. A pure state machine: no
// process, no clock, no system call; the loop that feeds it does what it says.
#pragma once

#include <csignal>
#include <cstdint>
#include <optional>

#include "policy/signal_map.hpp"
#include "sys/ending.hpp"

namespace tether {

// Why the child ended, as the exit record has it.
enum class Cause {
  command,  // without our doing
  signal,   // after a signal that we passed on
  // We ended it:
  timeout,    // its time was up
  parent,     // our parent died
  pid,        // a process that it was tied to died
  eof,        // a descriptor was at its end
  not_ready,  // it did not become ready
  holder,     // what held it was killed
};
const char* name_of(Cause cause);
// Why it was ended, in plain words; nullptr for what was not our doing.
const char* explain(Cause cause);

struct SignalEvent {
  int signal = 0;
  bool from_kernel = false;         // a terminal or the like, not a process (si_code SI_KERNEL)
  bool from_ourselves = false;      // our own write to a closed pipe, say
  bool child_in_our_group = false;  // at this moment
  bool we_lead_session = false;
  // By one that has come since: a stop by a SIGCONT, a SIGCONT by a stop or by another one. The
  // kernel would have thrown it away, had it not been read before (signal(7), prepare_signal()).
  bool is_overtaken = false;
};

struct Act {
  enum class Kind {
    nothing,
    pass_on,         // `signal` to the child, or to its group
    stop_ourselves,  // as `signal` stopped the child
    replace_watchdog,
    end,   // `signal` to the child or its group, or to its tree, and a SIGCONT, so that it can act
           // on it; SIGKILL is due after the time that the user gives it
    kill,  // SIGKILL to the same
    kill_child,  // SIGKILL to the child alone, or to its tree
    ask_tree,    // `signal` to what is left of the tree
  };
  Kind kind = Kind::nothing;
  int signal = 0;
};

class Lifecycle {
 public:
  // `first_signal` begins an ending of ours, of a child alone or of all that it starts.
  enum class Scope { child, tree };
  explicit Lifecycle(int first_signal = SIGTERM, Scope scope = Scope::child)
      : first_signal_(first_signal), scope_(scope) {}

  // What is passed on from now on is passed on as this says.
  void rewrite_by(const SignalMap& map) { map_ = map; }

  // A signal sent to tether. What the child has already had from the terminal is not repeated.
  Act on_signal(const SignalEvent& event);
  // The child was stopped by `signal`: whoever watches tether has to see a stop. Not if a SIGCONT
  // to tether has come already: the kernel would throw it away for the stop, and nobody would send
  // another. Nor while we are ending it.
  Act on_child_stopped(int signal, bool continue_has_come);
  Act on_child_continued();
  // The watchdog is gone although the child lives.
  Act on_watchdog_gone();
  // The process that holds the tree together was killed, and we have inherited it.
  Act on_warden_gone();
  // Nobody holds the child any more: what was handed over is closed, or could not be handed over.
  // As the kernel does it, one process ends, and the tree if that is ours.
  Act on_holder_gone();
  // There is a reason to end it: one of the causes that are ours. The first one counts.
  Act on_reason_to_end(Cause reason);
  // The time that an ending gives it has passed.
  Act on_kill_due();
  // The child has ended: what it leaves behind ends too, if its tree is ours. The last event, if it
  // is not.
  Act on_child_ended();
  // What the end of the child is to be put down to.
  [[nodiscard]] Cause cause_of(const Ending& ending) const;
  // Whether we have begun to end it.
  [[nodiscard]] bool is_ending() const { return ending_.has_value(); }
  // Whether SIGKILL was needed for an ending that began with another signal.
  [[nodiscard]] bool escalated() const { return escalated_; }

 private:
  bool stopped_ = false;
  bool continued_by_others_ = false;  // a continuation whose SIGCONT to us is still to come
  int first_signal_;
  Scope scope_;
  bool child_ended_ = false;
  std::optional<Cause> ending_;  // of an ending that has begun
  bool escalated_ = false;
  SignalMap map_;
  std::uint64_t passed_on_ = 0;  // bit n-1: signal n was passed on
  bool asked_to_end_ = false;    // by one of those, or by the one that it was sent for
};

}  // namespace tether
