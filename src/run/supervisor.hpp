// Stays with the child: passes signals on, sees it become ready, ends it when it does not, and
// tells how it ended.
#pragma once

#include "policy/lifecycle.hpp"
#include "report/reporter.hpp"
#include "run/foreground.hpp"
#include "run/holder_watch.hpp"
#include "run/outcome.hpp"
#include "run/readiness_watch.hpp"
#include "run/watched_child.hpp"
#include "setup/launch.hpp"
#include "setup/pidfile.hpp"
#include "setup/tie_watch.hpp"
#include "sys/signals.hpp"
#include "tree/tree.hpp"

namespace tether {

class Supervisor {
 public:
  struct Setup {
    const Options& options;
    Reporter& reporter;
    std::optional<Pidfile>& pidfile;  // follows a change of the main process
    UniqueFd signals;                 // from open_signals()
    int terminal_fd;                  // Foreground's
    TieWatch ties;
    ReadinessChannel readiness;
    // Whether this process is a subreaper, to follow the main process if the service names another.
    bool follows_main_process;
    bool is_first_process;  // of a PID namespace
    HolderWatch holder;     // of a child that will be handed over
  };

  // A descriptor on which every signal to this process arrives, as all are blocked. Opened before
  // the spawn, so that a child is not made that could not be watched.
  static Result<UniqueFd> open_signals();

  // Takes the child, whose signals are blocked in this process from before the clone, its watchdog,
  // if it has one, and its tree, if that is tether's to end.
  Supervisor(Setup setup, Child child, Watchdog watchdog, CloneWay way, Tree tree);

  // Returns when the child is ready, at once if no readiness was asked for; or false when it has
  // ended before it was, by itself or because it took too long.
  Result<bool> wait_until_ready();

  // Returns when the child has ended and is reaped, and its tree is gone. The watchdog is gone by
  // then.
  Result<Outcome> wait();

  // Leaves a child that is ready to itself. What it still says of its readiness is read first.
  void leave();

  // The pidfd that came from the clone, of the namespace's first process if the child has one, for
  // another process to hold. Where its last close counts and this process stays, this process has
  // another file from then on.
  Result<UniqueFd> take_pidfd();
  HolderWatch& holder() { return holder_; }
  // SIGKILL, as if the holder were gone.
  void kill() { perform(lifecycle_.on_holder_gone()); }

  // Handles what was sent by now, as long as this process is in the process group that it may have
  // been sent to.
  void catch_up() { read_signals(); }

  [[nodiscard]] int signals() const { return signals_.get(); }
  [[nodiscard]] const ReadinessWatch& readiness() const { return readiness_; }

 private:
  // What is known of the child. It only goes down the list, where it may leave out `released`;
  // another main process alone leads back to `runs`.
  enum class Life {
    runs,
    over,      // its pidfd is readable, or the warden has told
    released,  // the kernel has reaped it as well (POLLHUP, Linux 6.9)
    known,     // `outcome_` has how it ended
  };
  // Whether a SIGCONT has been read that is still to be handled.
  enum class Continue { none, in_hand };
  // How much a warden has to tell: what it has sent by now, or all that has happened by now.
  enum class Exactness { sent, happened };

  Status watch_once();
  Status take_end();
  void read_tree(Continue pending = Continue::none);
  void settle_end(const Ending& ending);
  void read_readiness();
  void follow_main_process(pid_t pid);
  void check_deadlines();
  void read_signals();
  void handle_signal(const ArrivedSignal& arrived);
  void handle_child_state(Exactness exactness, Continue pending);
  void take_change(const StopOrContinue& change, Continue pending);
  void perform(const Act& act);
  void begin_ending(int signal);
  void reap_orphans();
  void pass_on(int signal);
  [[nodiscard]] bool is_over() const { return life_ != Life::runs; }
  [[nodiscard]] int milliseconds_to_wait() const;

  const Options& options_;
  Reporter& reporter_;
  std::optional<Pidfile>& pidfile_;
  Foreground foreground_;
  WatchedChild child_;
  Tree tree_;
  UniqueFd signals_;
  TieWatch ties_;
  HolderWatch holder_;
  ReadinessWatch readiness_;
  Lifecycle lifecycle_;
  std::optional<Clock::time_point> give_up_at_;
  std::optional<Clock::time_point> kill_at_;
  Life life_ = Life::runs;
  bool follows_main_process_;
  bool adopts_orphans_;  // as a subreaper or as PID 1
  Outcome outcome_;      // its `readiness` is kept from the start, the rest is known at the end
};

}  // namespace tether
