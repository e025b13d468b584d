// Stays with the child: passes signals on, sees it become ready, ends it when it does not, and
// tells how it ended.
#pragma once

#include "policy/launch.hpp"
#include "policy/lifecycle.hpp"
#include "report/pidfile.hpp"
#include "report/reporter.hpp"
#include "run/foreground.hpp"
#include "run/hold.hpp"
#include "run/readiness_watch.hpp"
#include "run/tie_watch.hpp"
#include "run/tree.hpp"
#include "run/watched_child.hpp"
#include "sys/signals.hpp"

namespace tether {

struct Outcome {
  pid_t pid = -1;  // of whom it tells: the main process, which may have changed
  Ending ending;
  Cause cause = Cause::command;
  bool escalated = false;  // SIGKILL was needed
  bool was_ready = false;
  bool timed_out = false;
  double elapsed_s = 0;
  std::optional<Usage> usage;
  bool had_terminal = false;  // its own group was in the foreground when it ended
  std::optional<SweepCount> tree;
  bool ended_by_kernel = false;  // the first process of its namespace was killed, and all with it
};

class Supervisor {
 public:
  struct Setup {
    const Options& options;
    Reporter& reporter;
    std::optional<Pidfile>& pidfile;  // follows a change of the main process
    UniqueFd signals;                 // from open_signals()
    CloneWay way;
    int terminal_fd;  // where the child's own group gets the foreground that we are given; or -1
    TieWatch ties;
    Readiness readiness;
    bool follows_main_process;  // as a subreaper, if the service names another one
    bool is_first_process;      // of a PID namespace
    Hold hold;                  // of a child that will be handed over
  };

  // A descriptor on which every signal to this process arrives, as all are blocked. Opened before
  // the spawn, so that a child is not made that could not be watched.
  static Result<UniqueFd> open_signals();

  // Takes the child, whose signals are blocked in this process from before the clone, its keeper,
  // if it has one, and its tree, if that is ours to end.
  Supervisor(Setup setup, Child child, Keeper keeper, Tree tree);

  // Returns when the child is ready, at once if nobody asked for that; or false when it has ended
  // before it was, of itself or because it took too long.
  Result<bool> wait_until_ready();

  // Returns when the child has ended and is reaped, and its tree is gone. The keeper is gone by
  // then.
  Result<Outcome> wait();

  // Leaves a child that is ready to itself. What it still says of itself is not lost on it.
  void leave();

  // The pidfd that came from the clone, of the namespace's first process if the child has one, for
  // somebody else to hold. Where its last close counts and we stay, ours is another file from then
  // on.
  Result<UniqueFd> take_pidfd();
  Hold& hold() { return hold_; }
  // SIGKILL, as if who held it were gone.
  void kill() { perform(lifecycle_.on_holder_gone()); }

  // What was sent by now is handled, as long as we are in the group that it may have been sent to.
  void catch_up() { read_signals(); }

  [[nodiscard]] int signals() const { return signals_.get(); }
  [[nodiscard]] const ReadinessWatch& readiness() const { return readiness_; }

 private:
  using Clock = ReadinessWatch::Clock;

  Status watch_once();
  void read_tree();
  void settle_end(Outcome& outcome);
  void read_readiness();
  void follow_main_process(pid_t pid);
  void check_deadlines();
  void read_signals();
  void handle_signal(const ArrivedSignal& arrived);
  // `exactly`: also what a warden has not told yet.
  void handle_child_state(bool exactly);
  void take_change(const StopOrContinue& change);
  void perform(const Act& act);
  void begin_ending(int signal);
  void reap_orphans();
  void pass_on(int signal);
  [[nodiscard]] int milliseconds_to_wait() const;

  const Options& options_;
  Reporter& reporter_;
  std::optional<Pidfile>& pidfile_;
  Foreground foreground_;
  WatchedChild child_;
  Tree tree_;
  UniqueFd signals_;
  TieWatch ties_;
  Hold hold_;
  ReadinessWatch readiness_;
  Lifecycle lifecycle_;
  std::optional<Clock::time_point> give_up_at_;
  std::optional<Clock::time_point> kill_at_;
  bool ready_ = false;  // in time
  bool timed_out_ = false;
  bool follows_main_process_;
  bool adopts_orphans_;            // as a subreaper or as PID 1
  bool continue_in_hand_ = false;  // a SIGCONT is read, but not handled yet
  bool ended_ = false;
  bool released_ = false;  // reaped as well, by the kernel (POLLHUP)
  std::optional<Ending> ending_;
};

}  // namespace tether
