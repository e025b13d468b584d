// The way from the options to a child that runs, for the modes that make one: everything that can
// fail is tried before the spawn, and a start that fails leaves nothing behind.
#pragma once

#include <unistd.h>

#include <optional>

#include "engine/holder_watch.hpp"
#include "engine/keeper.hpp"
#include "engine/spawn.hpp"
#include "engine/warden.hpp"
#include "policy/options.hpp"
#include "report/records.hpp"
#include "run/preparation.hpp"
#include "run/supervisor.hpp"
#include "sys/signals.hpp"

namespace tether {

// Says what nohup(1) would say, unless told to be quiet. Nobody to say it to is an error, as there.
Status say_nohup_notice(const Options& options, const Launch& launch);

class Start {
 public:
  // `held_by`: who stays with the child. Both references must outlive the Start.
  Start(const Options& options, Inherited& inherited, HeldBy held_by)
      : options_(options), inherited_(inherited), held_by_(held_by), own_pid_(::getpid()) {}

  // Starts COMMAND and takes the signals over on the way, into `inherited`. A failure has been
  // recorded and is still to be said.
  Status run();

  // After run(): the watch over the child, which goes on from here. To be called once.
  Supervisor& watch();

  // Waits until the records are written, unless somebody wants tether to end.
  void finish_records();
  // The same for standard output alone, which is not written to any more.
  void finish_output();

  // Records a failure, where records are wanted.
  Failure fail(Failure failure);
  // The same of a child that has been told of already.
  void record(const Failure& failure);
  // Who gets the child, or null: opened with everything else, and told of a failure. Must outlive
  // the Start.
  void set_receiver(Receiver* receiver) { receiver_ = receiver; }

  // After run(): the start record.
  [[nodiscard]] const std::string& start_line() const { return start_line_; }

  [[nodiscard]] pid_t pid() const { return bound_.child.pid; }
  Reporter& reporter() { return prepared_.reporter; }
  std::optional<Pidfile>& pidfile() { return prepared_.pidfile; }
  std::optional<ChildCgroup>& cgroup() { return prepared_.cgroup; }

 private:
  // A child bound by the means that the record names.
  struct Bound {
    Child child;
    Keeper keeper;
    Warden warden;
    HolderWatch holder;
    Guarantees guarantees;
    CloneWay way = CloneWay::clone3;
  };

  [[nodiscard]] int signals() const;
  [[nodiscard]] const Cgroup* tree_cgroup() const;
  Result<Bound> spawn_bound();
  Result<Bound> attempt(const KernelSupport& support, const CallerFacts& caller);
  [[nodiscard]] SpawnRequest request_for(const Bound& bound);
  [[nodiscard]] WardenRequest warden_for(const Bound& bound) const;
  Tree tree();
  Result<Child> make_child(const SpawnRequest& request, const ChildPlan& plan, Bound& bound);
  Result<Child> make_tree(const SpawnRequest& request, const ChildPlan& plan, Bound& bound);
  Status do_before_exec(const Child& made, Bound& bound);
  Status watch_holder(const Child& made, Bound& bound);
  Status write_pidfile(const Child& made);
  Failure give_up(Failure failure);
  Failure give_up_at_gate(Failure failure);
  [[nodiscard]] StartRecord record_of(const Child& child, const Guarantees& guarantees) const;
  void tell_receiver(const Failure& failure);
  void tell();

  const Options& options_;
  Inherited& inherited_;
  HeldBy held_by_;
  pid_t own_pid_;
  Prepared prepared_;
  UniqueFd signals_;
  bool follows_main_process_ = false;
  bool early_record_ = false;  // the status file has the start record before the exec
  Bound bound_;
  std::string start_line_;
  Receiver* receiver_ = nullptr;
  std::optional<Supervisor> supervisor_;
};

}  // namespace tether
