// A job: COMMAND from the options to its end, as every mode that makes a child sees it. All that
// can fail is tried before the child is made, and a start that fails leaves nothing behind.
#pragma once

#include <unistd.h>

#include <memory>
#include <optional>
#include <string>

#include "policy/options.hpp"
#include "report/records.hpp"
#include "run/binding.hpp"
#include "run/supervisor.hpp"
#include "setup/preparation.hpp"
#include "setup/receiver.hpp"

namespace tether {

class Job {
 public:
  // `receiver`: the process that will hold the child, or null; opened with everything else, and
  // told of a failure. All three must outlive the Job.
  Job(const Options& options, Inherited& inherited, Receiver* receiver = nullptr)
      : options_(options), inherited_(inherited), receiver_(receiver), own_pid_(::getpid()) {}

  // Starts COMMAND and takes the signals over on the way, into the Inherited. A Failure of this and
  // of the functions below has been recorded, and is still to be said.
  Status start();

  // After start(): returns when the child is ready, or false when it has ended before it was.
  Result<bool> wait_until_ready();

  // After start(): waits for the end, records it, and returns tether's exit status. `failure`, if
  // given, is why the child is being ended: it is recorded and said, and the status is its. Ends
  // tether by the child's SIGINT or SIGQUIT.
  Result<int> wait_for_end(std::optional<Failure> failure = std::nullopt);

  // After start(): leaves the child to itself, and returns when the records are written; a signal
  // that asks tether to end gives them up.
  void leave();

  // After start(), with a receiver: gives it the start record and the pidfd. Afterwards no
  // descriptor of tether's own keeps the child's life, and the receiver is done with. On a Failure
  // the child is sent SIGKILL, as after a last close.
  Status hand_over();

  // Handles the signals that have come by now.
  void handle_signals() { supervisor().catch_up(); }

  // Waits until what is queued for standard output is written, which is not written to afterwards.
  void finish_output();

  // After start().
  [[nodiscard]] pid_t pid() const { return pid_; }

 private:
  Status make_child();
  [[nodiscard]] bool needs_moment_before_exec() const;
  Status do_before_exec(Binding& binding);
  Status pass_gate(Binding& binding, StartRecord record);
  Status write_pidfile(const Child& made);
  // Records a failed start, before a child is there.
  Failure fail(Failure failure);
  // The same after make_child() has failed: explains the failure, and removes what was made.
  Failure give_up(Failure failure);
  Failure give_up_at_gate(Failure failure);
  // Records the failure of a job whose start has been recorded.
  void record(const Failure& failure);
  void tell_receiver(const Failure& failure);
  void tell_start();
  [[nodiscard]] StartRecord record_of(const Child& child, const Guarantees& guarantees) const;
  // The supervisor of the child, which is made at the first call.
  Supervisor& supervisor();
  Tree tree();
  [[nodiscard]] int signals() const;

  const Options& options_;
  Inherited& inherited_;
  Receiver* receiver_;
  pid_t own_pid_;
  Prepared prepared_;
  UniqueFd signals_;
  bool follows_main_process_ = false;
  bool early_record_ = false;  // the status file has the start record before the exec
  BoundChild bound_;           // until the supervisor has it
  pid_t pid_ = -1;
  std::string start_line_;
  std::unique_ptr<Supervisor> supervisor_;  // by pointer: 1.6 kB less of each stack
};

// Which process stays with the child, in a mode that makes one.
HeldBy holder_by(const Options& options);

// What ps(1) shows of a keeper, and of the process that waits for a lock for it.
std::string keeper_title(pid_t child, const Options& options);

}  // namespace tether
