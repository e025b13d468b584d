#include "engine/sweep.hpp"

#include <cerrno>
#include <csignal>

namespace tether {
namespace {

constexpr std::chrono::milliseconds between_questions{50};
constexpr std::chrono::milliseconds between_kills{5};
constexpr std::chrono::milliseconds after_giving_up{1000};
// What does not end by SIGKILL in this time waits for a device, or forks faster than it can be
// looked at: whoever waits for us is told that it is still there.
constexpr std::chrono::seconds patience_after_kill{10};

}  // namespace

void Sweep::ask(int signal) {
  if (mode_ == Mode::killing) return;
  if (signal != asked_with_) asked_.clear();
  asked_with_ = signal;
  mode_ = Mode::asking;
  go_on();
}

void Sweep::kill() {
  if (mode_ == Mode::killing) return;
  began_killing_ = Clock::now();
  mode_ = Mode::killing;
  go_on();
}

void Sweep::go_on() {
  if (mode_ == Mode::asking) ask_all();
  if (mode_ == Mode::killing) kill_all();
}

std::chrono::milliseconds Sweep::next_look() const {
  if (mode_ == Mode::watching) return std::chrono::milliseconds::max();
  if (gave_up_) return after_giving_up;
  return mode_ == Mode::asking ? between_questions : between_kills;
}

Sweep::Sent Sweep::send(const Relative& member, int signal) {
  if (!members_->send(member, signal)) return errno == EPERM ? Sent::not_permitted : Sent::gone;
  if (member.pid != main_) ended_.insert({member.pid, member.start_time});
  return Sent::yes;
}

void Sweep::ask_all() {
  for (const Relative& member : members_->list()) {
    if (!asked_.insert({member.pid, member.start_time}).second) continue;
    if (send(member, asked_with_) == Sent::yes) (void)members_->send(member, SIGCONT);
  }
}

void Sweep::kill_all() {
  bool reached = false;
  int not_permitted = 0;
  const std::vector<Relative> found = members_->list();
  for (const Relative& member : found) {
    const Sent sent = send(member, SIGKILL);
    reached = reached || sent == Sent::yes;
    not_permitted += sent == Sent::not_permitted ? 1 : 0;
  }
  members_->kill_at_once();
  const bool only_others_left = !reached && not_permitted > 0;
  if (!only_others_left && Clock::now() - began_killing_ < patience_after_kill) return;
  gave_up_ = true;
  left_ = only_others_left ? not_permitted : static_cast<int>(found.size());
}

SweepCount Sweep::count() const {
  return {static_cast<int>(ended_.size()), members_->is_empty() ? 0 : left_};
}

}  // namespace tether
