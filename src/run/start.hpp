// The way from the options to a child that runs, for the modes that make one: everything that can
// fail is tried before the spawn, and a start that fails leaves nothing behind.
#pragma once

#include <optional>

#include "engine/keeper.hpp"
#include "engine/spawn.hpp"
#include "policy/launch.hpp"
#include "policy/options.hpp"
#include "report/pidfile.hpp"
#include "report/records.hpp"
#include "report/reporter.hpp"
#include "run/readiness.hpp"
#include "run/supervisor.hpp"

namespace tether {

class Start {
 public:
  // `held_by`: who stays with the child. Both references must outlive the Start.
  Start(const Options& options, Inherited& inherited, HeldBy held_by)
      : options_(options), inherited_(inherited), held_by_(held_by) {}

  // Starts COMMAND and takes the signals over on the way, into `inherited`. A failure has been
  // recorded and is still to be said.
  Status run();

  // After run(): the watch over the child, which goes on from here. Made once; lives as long as
  // this process.
  Supervisor& watch();

  // Records a failure, where records are wanted.
  Failure fail(Failure failure);

  [[nodiscard]] pid_t pid() const { return bound_.child.pid; }
  [[nodiscard]] const Guarantees& guarantees() const { return bound_.guarantees; }
  [[nodiscard]] CloneWay way() const { return bound_.way; }
  [[nodiscard]] const Launch& launch() const { return *launch_; }
  Reporter& reporter() { return reporter_; }
  std::optional<Pidfile>& pidfile() { return pidfile_; }

 private:
  // A child bound by the means that the record names.
  struct Bound {
    Child child;
    Keeper keeper;
    Guarantees guarantees;
    CloneWay way = CloneWay::clone3;
  };

  Status open_everything();
  Status check_gate();
  Status claim_pidfile();
  Result<Bound> spawn_bound();
  Result<Bound> attempt(const KernelSupport& support, const CallerFacts& caller);
  [[nodiscard]] SpawnRequest request_for(const Bound& bound);
  Status before_exec(const Child& made, const Guarantees& guarantees);
  Status write_pidfile(const Child& made);
  Status wait_at_gate(const Child& made);
  [[nodiscard]] StartRecord record_of(const Child& child, const Guarantees& guarantees) const;
  void tell();

  const Options& options_;
  Inherited& inherited_;
  HeldBy held_by_;
  Reporter reporter_;
  Readiness readiness_;
  std::optional<Launch> launch_;
  std::optional<Pidfile> pidfile_;
  UniqueFd signals_;
  bool early_record_ = false;  // the status file has the start record before the exec
  Bound bound_;
};

}  // namespace tether
