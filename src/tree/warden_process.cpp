// What the warden does from its fork to its end. It never execs: no process of the tree can take it
// over, and what is bound to it stays bound.
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <utility>

#include "guard/helper_process.hpp"
#include "sys/deadline.hpp"
#include "sys/passing.hpp"
#include "sys/pidfd.hpp"
#include "sys/signals.hpp"
#include "tree/sweep.hpp"
#include "tree/warden.hpp"

namespace tether {
namespace {

class WardenProcess {
 public:
  WardenProcess(const WardenRequest& how, int channel, int tether)
      : how_(how), channel_(channel), tether_(tether) {}

  [[noreturn]] void run(const SpawnRequest& request, const ChildPlan& plan) noexcept {
    Status ready = prepare();
    if (ready.ok()) ready = make_child(request, plan);
    if (!ready.ok()) {
      const Failure& failure = ready.failure();
      tell({.stage = failure.stage, .error_number = failure.error_number, .step = step_});
      ::_exit(0);
    }
    settle_down();
    tell({.kind = WardenNews::Kind::running});
    watch();
    leave();
  }

 private:
  Status prepare() {
    take_name("warden");
    sweep_ = Sweep(how_.namespaces ? members_of_namespace() : members_of_tree(how_.cgroup));
    if (how_.namespaces)
      if (Status entered = enter_namespaces(); !entered.ok()) return entered;
    if (!how_.namespaces && !adopt_orphans()) return helper_failure(errno);
    signals_.reset(open_signal_descriptor());
    if (!signals_) return helper_failure(errno);
    return Unit{};
  }

  // The kernel ends the warden with tether: nothing clears the parent-death signal of a process
  // that never execs. Tether has no pid in the namespace; its pidfd tells whether it still lives.
  Status enter_namespaces() {
    const NamespaceStatus entered = set_up_namespaces(*how_.namespaces);
    step_ = entered.step;
    if (!entered.ok())
      return Failure{.stage = Stage::namespaces, .error_number = entered.error_number};
    if (::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0)
      return Failure{.stage = Stage::bind, .error_number = errno};
    if (has_ended(tether_)) ::_exit(0);
    return Unit{};
  }

  // While the child waits for the order `go`, the warden leaves the session that the child is in.
  Status make_child(const SpawnRequest& request, const ChildPlan& plan) {
    ChildPlan childs_plan = plan;
    if (childs_plan.die_with_parent) childs_plan.parent = ::getpid();
    Result<HeldChild> held = hold(request, childs_plan);
    if (!held.ok()) return held.failure();
    const Child& made = held.value().child();
    (void)(how_.leaves_session ? ::setsid() : ::setpgid(0, 0));
    tell_ready(made);
    if (Status word = await_word(made); !word.ok()) return word;
    Result<Child> child = held.value().release();
    if (!child.ok()) return child.failure();
    child_ = std::move(child.value());
    sweep_.set_main(child_ended_ ? -1 : child_.pid);
    return Unit{};
  }

  // With a gate the order `go` can take long. If the child is killed meanwhile, tether decides
  // whether that was a start; without a gate it was one, of a COMMAND that was killed at once.
  Status await_word(const Child& made) {
    while (true) {
      PollSet watched;
      const auto channel = watched.add(channel_);
      const auto child = watched.add(child_ended_ ? -1 : made.pidfd.get());
      if (!watched.wait(-1) && errno != EINTR) break;
      if (watched.is_ready(channel)) {
        WardenOrder order;
        if (::recv(channel_, &order, sizeof order, 0) == sizeof order) return Unit{};
        break;
      }
      if (!watched.is_ready(child)) continue;
      tell_ending(made);
      child_ended_ = true;
    }
    return Failure{.stage = Stage::exec, .error_number = EINTR};
  }

  void settle_down() const {
    const Cgroup* const cgroup = how_.cgroup;
    settle(how_.namespaces ? fmt::format("first process of: {}", how_.command)
                           : fmt::format("warden of {}: {}", child_.pid, how_.command),
           {channel_, tether_, signals_.get(), child_.pidfd.get(),
            cgroup != nullptr ? cgroup->fd() : -1, cgroup != nullptr ? cgroup->events_fd() : -1});
  }

  void watch() {
    look_at_children();
    // A child that changed its credentials may be out of reach. Without tether nothing waits for
    // it.
    while (!sweep_.is_over() || !(child_ended_ || tether_is_gone_)) {
      wait_for_news();
      look_at_children();
      if (tether_is_gone_) sweep_.kill();
      sweep_.go_on();
      look_at_children();
    }
  }

  void wait_for_news() {
    PollSet watched;
    const auto signals = watched.add(signals_.get());
    const auto orders = watched.add(tether_is_gone_ ? -1 : channel_);
    const auto tether = watched.add(tether_is_gone_ ? -1 : tether_);
    (void)watched.add(child_ended_ ? -1 : child_.pidfd.get());
    if (!watched.wait(poll_timeout(sweep_.next_look()))) {
      // Rather no tree than an unbound one.
      if (errno != EINTR) tether_is_gone_ = true;
      return;
    }
    if (watched.is_ready(signals)) pass_signals_on();
    if (watched.is_ready(orders)) read_orders();
    tether_is_gone_ = tether_is_gone_ || watched.is_ready(tether);
  }

  void read_orders() {
    WardenOrder order;
    const ssize_t got = ::recv(channel_, &order, sizeof order, MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got != sizeof order) {
      tether_is_gone_ = true;
      return;
    }
    switch (order.kind) {
      case WardenOrder::Kind::go:
        break;
      case WardenOrder::Kind::ask:
        sweep_.ask(order.signal);
        break;
      case WardenOrder::Kind::kill:
        sweep_.kill();
        break;
      case WardenOrder::Kind::let_go:
        (void)take_file_of(child_.pidfd.get(), child_.pid);
        break;
      case WardenOrder::Kind::in_step:
        look_at_children();
        tell({.kind = WardenNews::Kind::in_step, .question = order.question});
        break;
    }
  }

  // A signal to the first process of a namespace, by a pidfd that was handed over for example, is
  // meant for COMMAND. A subreaper has no signals to pass on.
  void pass_signals_on() {
    while (const auto arrived = next_signal(signals_.get()))
      if (how_.namespaces && arrived->number != SIGCHLD && arrived->was_sent && !child_ended_)
        (void)send_signal(child_.pidfd.get(), arrived->number);
  }

  void look_at_children() {
    if (!child_ended_) {
      while (const auto change = take_stop_or_continue(child_.pidfd.get()))
        tell({.kind = change->stopped ? WardenNews::Kind::stopped : WardenNews::Kind::continued,
              .signal = change->signal});
      if (has_ended(child_.pidfd.get())) {
        tell_ending(child_);
        child_ended_ = true;
        sweep_.set_main(-1);
      }
    }
    reap_others(child_ended_ ? -1 : child_.pid);
  }

  void tell_ending(const Child& child) {
    WardenNews news{.kind = WardenNews::Kind::ended, .has_usage = !child.autoreaped};
    const auto ending = learn_ending(child.pidfd.get(), child.autoreaped, &news.usage);
    // Where nothing can tell it was SIGKILL: every other end leaves a trace.
    news.ending = ending.value_or(Ending{Ending::Code::killed, 0, SIGKILL});
    tell(news);
  }

  [[noreturn]] void leave() {
    const SweepCount count = sweep_.count();
    // The kernel ends the rest of a namespace with its first process, whatever the uids.
    tell({.kind = WardenNews::Kind::empty,
          .ended = count.ended,
          .out_of_reach = how_.namespaces ? 0 : count.out_of_reach});
    ::_exit(0);
  }

  void tell(WardenNews news) const {
    // A stopped tether may miss news of stops, but must not block the warden.
    const bool can_wait = news.kind != WardenNews::Kind::stopped &&
                          news.kind != WardenNews::Kind::continued &&
                          news.kind != WardenNews::Kind::in_step;
    (void)::send(channel_, &news, sizeof news, MSG_NOSIGNAL | (can_wait ? 0 : MSG_DONTWAIT));
  }

  // With the pidfd of the clone itself: a kernel with CLONE_PIDFD_AUTOKILL counts its open file.
  void tell_ready(const Child& made) const {
    const WardenNews news{.kind = WardenNews::Kind::ready, .pid = made.pid};
    (void)send_with_descriptors(channel_, &news, sizeof news, {made.pidfd.get()});
  }

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

}  // namespace

void Warden::run(const WardenRequest& how, int channel, int tether, const SpawnRequest& request,
                 const ChildPlan& plan) noexcept {
  WardenProcess(how, channel, tether).run(request, plan);
}

}  // namespace tether
