// What the warden does from its fork to its end. It never execs: no process of the tree can take it
// over, and what is bound to it stays bound.
#pragma once

#include "tree/sweep.hpp"
#include "tree/warden.hpp"

namespace tether {

class WardenProcess {
 public:
  // `channel` leads to tether, `tether` is a pidfd of tether; neither is owned.
  WardenProcess(const WardenRequest& how, int channel, int tether)
      : how_(how), channel_(channel), tether_(tether) {}

  // Makes the child and stays until its tree has ended, or tether is gone and the tree with it.
  // noexcept: the frames above this one on the stack are tether's.
  [[noreturn]] void run(const SpawnRequest& request, const ChildPlan& plan) noexcept;

 private:
  Status prepare();
  Status enter_namespaces();
  [[nodiscard]] std::unique_ptr<Members> members() const;
  Status make_child(const SpawnRequest& request, const ChildPlan& plan);
  Status await_word(const Child& made);
  void leave_terminal() const;
  void settle_down() const;
  void watch();
  void wait_for_news();
  void read_orders();
  void pass_signals_on();
  void look_at_children();
  void tell_ending(const Child& child);
  void tell(WardenNews news) const;
  void tell_ready(const Child& made) const;
  [[noreturn]] void leave();

  const WardenRequest& how_;
  int channel_;
  int tether_;
  UniqueFd signals_;
  NamespaceStep step_ = NamespaceStep::clone;  // the one that failed
  Child child_;
  bool child_ended_ = false;
  bool tether_is_gone_ = false;
  Sweep sweep_;
};

}  // namespace tether
