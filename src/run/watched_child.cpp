#include "run/watched_child.hpp"

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <utility>

#include "report/messages.hpp"
#include "sys/deadline.hpp"
#include "sys/processes.hpp"

namespace tether {
namespace {

// Between two attempts to replace a watchdog, while the system has no process left (EAGAIN).
constexpr std::chrono::milliseconds watchdog_retry{200};

double seconds(const timespec& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

Usage usage_from(const rusage& usage) {
  Usage exact;
  exact.from = Usage::From::wait;
  exact.user_s = seconds(usage.ru_utime);
  exact.system_s = seconds(usage.ru_stime);
  exact.max_rss_kib = usage.ru_maxrss;
  return exact;
}

}  // namespace

WatchedChild::WatchedChild(Child child, Watchdog watchdog, CloneWay way, Target target,
                           Parent parent, Sampling sampling)
    : child_(std::move(child)),
      watchdog_(std::move(watchdog)),
      way_(way),
      target_(target),
      parent_(parent),
      teller_(parent != Parent::tether ? Teller::warden
              : child_.autoreaped      ? Teller::kernel
                                       : Teller::wait) {
  if (!child_.autoreaped || sampling == Sampling::off) return;
  sampler_.emplace(child_.pid, child_.pidfd.get());
  sampler_->sample();
}

double WatchedChild::elapsed() const {
  timespec now{};
  (void)::clock_gettime(CLOCK_MONOTONIC, &now);
  return seconds(now) - seconds(child_.started);
}

// ESRCH: the child has ended meanwhile, which is the next event.
void WatchedChild::signal(int signal) {
  if (target_ == Target::group) {
    (void)send_signal_to_group(child_.pidfd.get(), child_.pid, signal);
  } else {
    (void)send_signal(child_.pidfd.get(), signal);
  }
}

void WatchedChild::set_ending(const WardenNews& news) {
  told_by_warden_ = news.ending;
  if (!news.has_usage) return;
  usage_ = usage_from(news.usage);
  if (parent_ == Parent::first_process_of_namespace) usage_->from = Usage::From::in_namespace;
}

void WatchedChild::warden_is_gone() {
  teller_ = child_.autoreaped ? Teller::kernel : Teller::wait_or_killed;
}

std::optional<Ending> WatchedChild::reap_with_usage() {
  rusage usage{};
  auto ending = reap(child_.pidfd.get(), &usage);
  if (ending) usage_ = usage_from(usage);
  return ending;
}

std::optional<Ending> WatchedChild::learn_ending() {
  if (sampler_) usage_ = sampler_->usage();
  if (told_by_warden_) return told_by_warden_;
  switch (teller_) {
    case Teller::warden:
      return std::nullopt;
    case Teller::kernel:
      return exit_information(child_.pidfd.get());
    case Teller::wait:
      return reap_with_usage();
    case Teller::wait_or_killed:
      if (const auto ending = reap_with_usage()) return ending;
      // The child went with the first process of its namespace, waited for by the kernel.
      return exit_information(child_.pidfd.get())
          .value_or(Ending{Ending::Code::killed, 0, SIGKILL});
    case Teller::wait_or_kernel:
      if (const auto ending = reap_with_usage()) return ending;
      // Its parent reaps it at some time, and then the kernel tells.
      if (has_exit_information()) teller_ = Teller::kernel;
      return exit_information(child_.pidfd.get());
  }
  return std::nullopt;
}

bool WatchedChild::replace_by(pid_t pid) {
  UniqueFd pidfd(open_pidfd(pid));
  if (!pidfd || !is_descendant(pid, ::getpid())) return false;
  child_.pid = pid;
  child_.pidfd = std::move(pidfd);
  child_.autoreaped = false;
  teller_ = Teller::wait_or_kernel;
  target_ = Target::process;  // an adopted process need not lead its process group
  sampler_.reset();
  return true;
}

void WatchedChild::replace_watchdog() {
  watchdog_.end();
  Result<Watchdog> started = Watchdog::start_for(way_, child_.pid, child_.pidfd.get());
  if (started.ok()) {
    watchdog_ = std::move(started.value());
  } else if (!watchdog_missing_ && !has_ended(child_.pidfd.get())) {
    say(started.failure());
  }
  watchdog_missing_ = !started.ok();
}

void WatchedChild::tend() {
  if (next_tending().count() > 0) return;
  last_tending_ = Clock::now();
  if (watchdog_missing_) replace_watchdog();
  if (sampler_) sampler_->sample();
}

std::chrono::milliseconds WatchedChild::next_tending() const {
  auto next = std::chrono::milliseconds::max();
  if (watchdog_missing_) next = watchdog_retry;
  if (sampler_) next = std::min(next, UsageSampler::next_interval(elapsed()));
  if (next == std::chrono::milliseconds::max()) return next;
  return time_until(last_tending_ + next);
}

}  // namespace tether
