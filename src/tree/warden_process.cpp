#include "tree/warden_process.hpp"

#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <utility>

#include "guard/helper_process.hpp"
#include "sys/children.hpp"
#include "sys/deadline.hpp"
#include "sys/passing.hpp"
#include "sys/pidfd.hpp"
#include "sys/poll_set.hpp"
#include "sys/signals.hpp"

namespace tether {
void WardenProcess::run(const SpawnRequest& request, const ChildPlan& plan) noexcept {
  Status ready = prepare();
  if (ready.ok()) ready = make_child(request, plan);
  if (!ready.ok()) {
    WardenNews news;
    news.stage = ready.failure().stage;
    news.error_number = ready.failure().error_number;
    news.step = step_;
    tell(news);
    ::_exit(0);
  }
  settle_down();
  WardenNews running;
  running.kind = WardenNews::Kind::running;
  tell(running);
  watch();
  leave();
}

Status WardenProcess::prepare() {
  take_name("warden");
  sweep_ = Sweep(members());
  if (how_.namespaces)
    if (Status entered = enter_namespaces(); !entered.ok()) return entered;
  if (!how_.namespaces && !adopt_orphans())
    return Failure{.stage = Stage::helper, .error_number = errno};
  signals_.reset(open_signal_descriptor());
  if (!signals_) return Failure{.stage = Stage::helper, .error_number = errno};
  return Unit{};
}

std::unique_ptr<Members> WardenProcess::members() const {
  if (how_.namespaces) return namespace_as_members();
  return how_.cgroup != nullptr ? cgroup_as_members(*how_.cgroup) : descendants_as_members();
}

// The kernel ends the warden with tether: nothing clears the parent-death signal of a process that
// never execs. Tether has no pid in the namespace; its pidfd tells whether it still lives.
Status WardenProcess::enter_namespaces() {
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
Status WardenProcess::make_child(const SpawnRequest& request, const ChildPlan& plan) {
  ChildPlan childs_plan = plan;
  if (childs_plan.die_with_parent) childs_plan.parent = ::getpid();
  Result<HeldChild> held = hold(request, childs_plan);
  if (!held.ok()) return held.failure();
  const Child& made = held.value().child();
  leave_terminal();
  tell_ready(made);
  if (Status word = await_word(made); !word.ok()) return word;
  Result<Child> child = held.value().release();
  if (!child.ok()) return child.failure();
  child_ = std::move(child.value());
  sweep_.set_main(child_ended_ ? -1 : child_.pid);
  return Unit{};
}

void WardenProcess::leave_terminal() const {
  if (how_.leaves_session) {
    (void)::setsid();
  } else {
    (void)::setpgid(0, 0);
  }
}

// With a gate the order `go` can take long. If the child is killed meanwhile, tether decides
// whether that was a start; without a gate it was one, of a COMMAND that was killed at once.
Status WardenProcess::await_word(const Child& made) {
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

void WardenProcess::settle_down() const {
  const Cgroup* const cgroup = how_.cgroup;
  settle(how_.namespaces ? fmt::format("first process of: {}", how_.command)
                         : fmt::format("warden of {}: {}", child_.pid, how_.command),
         {channel_, tether_, signals_.get(), child_.pidfd.get(),
          cgroup != nullptr ? cgroup->fd() : -1, cgroup != nullptr ? cgroup->events_fd() : -1});
}

void WardenProcess::watch() {
  look_at_children();
  // A child that changed its credentials may be out of reach; without tether, nothing waits for it.
  while (!sweep_.is_over() || !(child_ended_ || tether_is_gone_)) {
    wait_for_news();
    look_at_children();
    if (tether_is_gone_) sweep_.kill();
    sweep_.go_on();
    look_at_children();
  }
}

void WardenProcess::wait_for_news() {
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

void WardenProcess::read_orders() {
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
      WardenNews news;
      news.kind = WardenNews::Kind::in_step;
      news.question = order.question;
      tell(news);
      break;
  }
}

// A signal to the first process of a namespace, by a pidfd that was handed over for example, is
// meant for COMMAND. A subreaper has no signals to pass on.
void WardenProcess::pass_signals_on() {
  while (const auto arrived = next_signal(signals_.get()))
    if (how_.namespaces && arrived->number != SIGCHLD && arrived->was_sent && !child_ended_)
      (void)send_signal(child_.pidfd.get(), arrived->number);
}

void WardenProcess::look_at_children() {
  if (!child_ended_) {
    while (const auto change = take_stop_or_continue(child_.pidfd.get())) {
      WardenNews news;
      news.kind = change->stopped ? WardenNews::Kind::stopped : WardenNews::Kind::continued;
      news.signal = change->signal;
      tell(news);
    }
    if (has_ended(child_.pidfd.get())) {
      tell_ending(child_);
      child_ended_ = true;
      sweep_.set_main(-1);
    }
  }
  reap_others(child_ended_ ? -1 : child_.pid);
}

void WardenProcess::tell_ending(const Child& child) {
  WardenNews news;
  news.kind = WardenNews::Kind::ended;
  news.has_usage = !child.autoreaped;
  const auto ending = learn_ending(child.pidfd.get(), child.autoreaped, &news.usage);
  // Where nothing can tell it was SIGKILL: every other end leaves a trace.
  news.ending = ending.value_or(Ending{Ending::Code::killed, 0, SIGKILL});
  tell(news);
}

void WardenProcess::leave() {
  WardenNews news;
  news.kind = WardenNews::Kind::empty;
  news.ended = sweep_.count().ended;
  // The kernel ends the rest of a namespace with its first process, whatever the uids.
  news.out_of_reach = how_.namespaces ? 0 : sweep_.count().out_of_reach;
  tell(news);
  ::_exit(0);
}

void WardenProcess::tell(WardenNews news) const {
  // A stopped tether may miss news of stops, but must not block the warden.
  const bool can_wait = news.kind != WardenNews::Kind::stopped &&
                        news.kind != WardenNews::Kind::continued &&
                        news.kind != WardenNews::Kind::in_step;
  (void)::send(channel_, &news, sizeof news, MSG_NOSIGNAL | (can_wait ? 0 : MSG_DONTWAIT));
}

// With the pidfd of the clone itself: a kernel with CLONE_PIDFD_AUTOKILL counts its open file.
void WardenProcess::tell_ready(const Child& made) const {
  WardenNews news;
  news.kind = WardenNews::Kind::ready;
  news.pid = made.pid;
  (void)send_with_descriptors(channel_, &news, sizeof news, {made.pidfd.get()});
}

}  // namespace tether
