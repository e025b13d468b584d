#include "tree/sweep.hpp"

#include <cerrno>
#include <csignal>

namespace tether {
namespace {

constexpr std::chrono::milliseconds between_questions{50};
constexpr std::chrono::milliseconds between_kills{5};
constexpr std::chrono::milliseconds after_giving_up{1000};
// A member that SIGKILL does not end in this time waits for a device; a tree with new processes in
// every round forks faster than it can be listed. What is left counts as out of reach.
constexpr std::chrono::seconds patience_after_kill{10};
constexpr std::chrono::seconds patience_with_the_new{30};
// A machine that paused is no reason to give up: there must be this many rounds, too.
constexpr int fewest_rounds = 100;

}  // namespace

void Sweep::ask(int signal) {
  if (mode_ == Mode::killing) return;
  asked_.clear();
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
  int still_there = 0;
  std::set<Name> found;
  for (const Relative& member : members_->list()) {
    const Name name(member.pid, member.start_time);
    const Sent sent = send(member, SIGKILL);
    reached = reached || sent == Sent::yes;
    not_permitted += sent == Sent::not_permitted ? 1 : 0;
    still_there += found_before_.count(name) != 0 ? 1 : 0;
    found.insert(name);
  }
  members_->kill_at_once();
  ++rounds_;
  const auto passed = Clock::now() - began_killing_;
  const bool only_others_left = !reached && not_permitted > 0;
  const bool are_stuck = passed > patience_after_kill && still_there > 0;
  const bool are_too_fast = passed > patience_with_the_new;
  found_before_ = found;
  if (!only_others_left && (rounds_ < fewest_rounds || !(are_stuck || are_too_fast))) return;
  gave_up_ = true;
  left_ = only_others_left ? not_permitted : static_cast<int>(found.size());
}

SweepCount Sweep::count() const {
  return {static_cast<int>(ended_.size()), members_->is_empty() ? 0 : left_};
}

}  // namespace tether
