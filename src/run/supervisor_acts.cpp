// What the supervisor does about signals and about the child's stops, as the lifecycle says.
#include <unistd.h>

#include <csignal>

#include "run/supervisor.hpp"
#include "sys/pidfd.hpp"
#include "sys/signals.hpp"

namespace tether {
namespace {

// A process that floods tether with signals does not keep it from its other work.
constexpr int most_signals_at_once = 8;

}  // namespace

void Supervisor::read_signals() {
  // One by one: what is still pending came later.
  for (int i = 0; i < most_signals_at_once; ++i) {
    const auto arrived = next_signal(signals_.get());
    if (!arrived) return;
    handle_signal(*arrived);
  }
}

void Supervisor::handle_signal(const ArrivedSignal& arrived) {
  const int signal = arrived.number;
  // What became of the child comes before what it was sent: a SIGCONT to the process group has
  // continued the child already.
  const bool is_job_control = signal == SIGCONT || stops_by_default(signal);
  if (!is_over())
    handle_child_state(is_job_control ? Exactness::happened : Exactness::sent,
                       signal == SIGCONT ? Continue::in_hand : Continue::none);
  if (signal == SIGCHLD && adopts_orphans_) reap_orphans();
  if (signal == SIGCHLD && !arrived.was_sent) return;
  SignalEvent event;
  event.signal = signal;
  event.from_kernel = arrived.from_kernel;
  event.from_ourselves = arrived.from_ourselves;
  event.child_in_our_group = ::getpgid(child_.pid()) == ::getpgrp();
  event.we_lead_session = ::getsid(0) == ::getpid();
  event.is_overtaken = is_overtaken(signal);
  perform(lifecycle_.on_signal(event));
}

// No shell looks at the stops of a child that tether leaves, and the child's deadlines go on:
// tether does not stop with it.
void Supervisor::handle_child_state(Exactness exactness, Continue pending) {
  if (tree_.has_warden()) {
    if (exactness == Exactness::happened) tree_.get_in_step();
    read_tree(pending);
    return;
  }
  while (const auto change = take_stop_or_continue(child_.pidfd()))
    if (!options_.leaves_child()) take_change(*change, pending);
}

void Supervisor::take_change(const StopOrContinue& change, Continue pending) {
  if (!change.stopped) return perform(lifecycle_.on_child_continued());
  const bool continue_has_come =
      is_pending(SIGCONT) || (pending == Continue::in_hand && !is_overtaken(SIGCONT));
  perform(lifecycle_.on_child_stopped(change.signal, continue_has_come));
}

void Supervisor::perform(const Act& act) {
  switch (act.kind) {
    case Act::Kind::nothing:
      break;
    case Act::Kind::pass_on:
      pass_on(act.signal);
      break;
    case Act::Kind::stop_ourselves:
      if (!foreground_.stop_with(child_.pid(), act.signal)) child_.signal(SIGCONT);
      break;
    case Act::Kind::replace_watchdog:
      child_.replace_watchdog();
      break;
    case Act::Kind::end:
      begin_ending(act.signal);
      break;
    case Act::Kind::kill:
      kill_at_.reset();
      tree_ ? tree_.kill() : child_.signal(act.signal);
      break;
    case Act::Kind::kill_child:
      kill_at_.reset();
      tree_ ? tree_.kill() : child_.kill_alone();
      break;
    case Act::Kind::ask_tree:
      tree_.ask(act.signal);
      break;
  }
}

void Supervisor::pass_on(int signal) {
  if (signal == SIGCONT) (void)foreground_.hand_on(child_.pid());
  child_.signal(signal);
}

void Supervisor::begin_ending(int signal) {
  if (tree_) {
    tree_.ask(signal);
  } else {
    child_.signal(signal);
    // A stopped process does not act on a signal before it is continued.
    child_.signal(SIGCONT);
  }
  if (options_.kill_after != never) kill_at_ = Clock::now() + options_.kill_after;
}

}  // namespace tether
