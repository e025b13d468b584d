#include "run/binding.hpp"

#include <utility>

#include "sys/clone.hpp"

namespace tether {
namespace {

// Whether another means may work where this failed: the child's clone, or the watchdog's, which is
// tried in the same way.
bool may_be_had_otherwise(const Failure& failure) {
  return (failure.stage == Stage::clone || failure.stage == Stage::helper) &&
         may_be_unsupported(failure.error_number);
}

}  // namespace

const Cgroup* cgroup_of_tree(const Options& options, const Prepared& prepared) {
  return prepared.cgroup && !options.pid_namespace ? &prepared.cgroup->cgroup() : nullptr;
}

Status Binding::bind(Until until) {
  const CallerFacts caller = facts_for(options_, &*prepared_.launch);
  // An attempt cannot find this out: it could succeed, and the child's exit status be lost.
  const bool needs_exit_information = options_.wants_autoreap() && options_.learns_ending();
  // A warden that is made in vain costs more than a look at the kernel; for a child that is handed
  // over tether has looked already.
  const bool looks_first = options_.tree || options_.watches_last_close ||
                           (needs_exit_information && !has_exit_information());
  if (!looks_first) {
    Status made = make(until, KernelSupport::everything(), caller);
    if (made.ok() || !may_be_had_otherwise(made.failure())) return made;
    bound_ = BoundChild();
  }
  return make(until, probe_kernel(), caller);
}

// One attempt with what `support` promises.
Status Binding::make(Until until, const KernelSupport& support, const CallerFacts& caller) {
  bound_.way = support.way;
  bound_.guarantees = choose_means(options_, support, caller);
  if (Status possible = check_possible(options_, bound_.guarantees); !possible.ok())
    return possible;
  const std::string release = options_.strict ? kernel_release() : std::string();
  if (Status strict = check_strict(options_, bound_.guarantees, support, release); !strict.ok())
    return strict;

  ChildPlan plan = prepared_.launch->plan(bound_.guarantees);
  const bool needs_warden = options_.pid_namespace || (options_.tree && !caller.is_first_process);
  if (bound_.guarantees.supervisor == Means::keeper && !needs_warden) {
    Result<Watchdog> watchdog = Watchdog::start(support.way);
    if (!watchdog.ok()) return watchdog.failure();
    bound_.watchdog = std::move(watchdog.value());
    plan.watchdog_fd = bound_.watchdog.childs_end();
  }
  SpawnRequest request;
  request.way = bound_.way;
  request.guarantees = guarantee_flags(bound_.guarantees);
  request.is_held = until == Until::release;
  if (prepared_.cgroup)
    if (Status entered = prepared_.cgroup->enter_by(support, request, plan); !entered.ok())
      return entered;
  foreground_ = LentForeground(plan.terminal_fd);
  Status made = needs_warden ? make_tree(request, plan) : make_child(request, plan);
  bound_.watchdog.close_channel();
  return made;
}

Status Binding::make_child(const SpawnRequest& request, const ChildPlan& plan) {
  if (request.is_held) {
    Result<HeldChild> held = hold(request, plan);
    if (!held.ok()) return held.failure();
    held_child_.emplace(std::move(held.value()));
    return Unit{};
  }
  Result<Child> child = spawn(request, plan);
  if (!child.ok()) return child.failure();
  bound_.child = std::move(child.value());
  return Unit{};
}

// Not inlined: its locals would cost each start a page of stack, 4 KiB, with or without a tree.
[[gnu::noinline]] Status Binding::make_tree(const SpawnRequest& request, const ChildPlan& plan) {
  Result<HeldTree> held = HeldTree::hold(warden_request(), request, plan);
  if (!held.ok()) return held.failure();
  held_tree_ = std::make_unique<HeldTree>(std::move(held.value()));
  return request.is_held ? Status(Unit{}) : release();
}

WardenRequest Binding::warden_request() const {
  WardenRequest how;
  if (bound_.guarantees.tree == Means::pid_namespace) how.namespaces = plan_namespaces();
  how.cgroup = cgroup_of_tree(options_, prepared_);
  how.leaves_session = options_.new_session() || options_.leaves_child() || !options_.setpgid;
  how.command = options_.command[0];
  return how;
}

const Child& Binding::child() const {
  if (held_child_) return held_child_->child();
  return held_tree_ ? held_tree_->child() : bound_.child;
}

Warden* Binding::warden() {
  if (held_tree_) return &held_tree_->warden();
  return bound_.warden ? &bound_.warden : nullptr;
}

Status Binding::watch_last_close(std::string title) {
  // In a PID namespace the pidfd of its first process is what will be handed over.
  const Warden* first = options_.pid_namespace ? warden() : nullptr;
  Result<LastCloseWatch> watch = LastCloseWatch::start(
      {bound_.way, first != nullptr ? first->pid() : child().pid,
       first != nullptr ? first->pidfd() : child().pidfd.get(), std::move(title)});
  if (!watch.ok()) return watch.failure();
  bound_.last_close = std::move(watch.value());
  return Unit{};
}

Status Binding::release() {
  Result<Child> child = held_tree_ ? held_tree_->release(bound_.warden) : held_child_->release();
  held_tree_.reset();
  held_child_.reset();
  if (!child.ok()) return child.failure();
  bound_.child = std::move(child.value());
  return Unit{};
}

void Binding::keep() {
  foreground_.forget();
  is_kept_ = true;
}

Binding::~Binding() {
  held_child_.reset();
  held_tree_.reset();
  if (!is_kept_) bound_ = BoundChild();
}

}  // namespace tether
