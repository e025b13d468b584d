#include "run/watched_child.hpp"

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <utility>

#include "report/messages.hpp"
#include "sys/deadline.hpp"
#include "sys/process_identity.hpp"

namespace tether {
namespace {

// Between two attempts to replace a keeper, where a process cannot be had.
constexpr std::chrono::milliseconds keeper_retry{200};

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

WatchedChild::WatchedChild(Child child, Keeper keeper, CloneWay way, Habits habits)
    : child_(std::move(child)), keeper_(std::move(keeper)), way_(way), habits_(habits) {
  reported_ = child_.reported_on >= 0;
  if (!child_.autoreaped || !habits_.sample_usage) return;
  sampler_.emplace(child_.pid, child_.pidfd.get());
  sampler_->sample();
}

double WatchedChild::elapsed() const {
  timespec now{};
  (void)::clock_gettime(CLOCK_MONOTONIC, &now);
  return seconds(now) - seconds(child_.started);
}

// ESRCH: it has ended meanwhile, which is the next event. An adopted one need not lead its group.
void WatchedChild::signal(int signal) {
  if (habits_.own_group && !was_adopted_) {
    (void)send_signal_to_group(child_.pidfd.get(), child_.pid, signal);
  } else {
    (void)send_signal(child_.pidfd.get(), signal);
  }
}

void WatchedChild::set_ending(const WardenNews& news) {
  reported_ending_ = news.ending;
  if (!news.has_usage) return;
  usage_ = usage_from(news.usage);
  if (habits_.in_namespace) usage_->from = Usage::From::in_namespace;
}

void WatchedChild::parent_is_gone() {
  reported_ = false;
  lost_parent_ = true;
}

std::optional<Ending> WatchedChild::learn_ending() {
  if (sampler_) usage_ = sampler_->usage();
  if (reported_ || reported_ending_) return reported_ending_;
  if (child_.autoreaped) {
    return exit_information(child_.pidfd.get());
  }
  rusage usage{};
  auto ending = reap(child_.pidfd.get(), &usage);
  if (ending) usage_ = usage_from(usage);
  // With the first process of its namespace it has gone too, waited for by the kernel.
  if (!ending && lost_parent_)
    return exit_information(child_.pidfd.get()).value_or(Ending{Ending::Code::killed, 0, SIGKILL});
  if (ending || !was_adopted_) return ending;
  // The parent of an adopted one lives, and reaps it: then the kernel tells us afterwards.
  child_.autoreaped = has_exit_information();
  return exit_information(child_.pidfd.get());
}

bool WatchedChild::replace_by(pid_t pid) {
  UniqueFd pidfd(open_pidfd(pid));
  if (!pidfd || !is_descendant(pid, ::getpid())) return false;
  child_.pid = pid;
  child_.pidfd = std::move(pidfd);
  child_.autoreaped = false;
  was_adopted_ = true;
  sampler_.reset();
  return true;
}

void WatchedChild::replace_keeper() {
  keeper_.end();
  Result<Keeper> started = Keeper::start_for(way_, child_.pid);
  if (started.ok()) {
    keeper_ = std::move(started.value());
  } else if (!keeper_missing_) {
    say(started.failure());
  }
  keeper_missing_ = !started.ok();
}

void WatchedChild::tend() {
  if (next_tending().count() > 0) return;
  last_tending_ = std::chrono::steady_clock::now();
  if (keeper_missing_) replace_keeper();
  if (sampler_) sampler_->sample();
}

std::chrono::milliseconds WatchedChild::next_tending() const {
  auto next = std::chrono::milliseconds::max();
  if (keeper_missing_) next = keeper_retry;
  if (sampler_) next = std::min(next, UsageSampler::next_interval(elapsed()));
  if (next == std::chrono::milliseconds::max()) return next;
  return time_until(last_tending_ + next);
}

}  // namespace tether
