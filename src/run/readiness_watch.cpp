#include "run/readiness_watch.hpp"

#include <algorithm>
#include <utility>

namespace tether {
namespace {

// A sender that floods the socket does not keep tether from looking at the clock.
constexpr int most_at_once = 64;

}  // namespace

ReadinessWatch::ReadinessWatch(ReadinessChannel channel, Duration timeout)
    : channel_(std::move(channel)), is_ready_(!channel_.is_open()) {
  channel_.close_childs_end();
  if (timeout != never) deadline_ = Clock::now() + timeout;
}

ReadinessWatch::News ReadinessWatch::read() {
  News news;
  for (int i = 0; i < most_at_once; ++i) {
    const auto message = channel_.next();
    if (!message) break;
    if (message->status) status_ = message->status;
    if (message->error_number) error_number_ = message->error_number;
    if (message->main_pid) news.main_pid = message->main_pid;
    if (message->extend && deadline_)
      deadline_ = std::max<Clock::time_point>(*deadline_, Clock::now() + *message->extend);
    if (message->ready && !is_ready_) news.became_ready = is_ready_ = true;
  }
  if (channel_.is_at_end()) {
    news.gave_up = !is_ready_;
    channel_.close();
  }
  return news;
}

std::optional<Clock::time_point> ReadinessWatch::deadline() const {
  return is_ready_ ? std::nullopt : deadline_;
}

}  // namespace tether
