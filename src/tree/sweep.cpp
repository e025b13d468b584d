#include "tree/sweep.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

#include "sys/pidfd.hpp"
#include "sys/processes.hpp"
#include "sys/unique_fd.hpp"

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

// The descendants of this process and the processes in the cgroup, if there is one.
class TreeMembers : public Members {
 public:
  TreeMembers(const Cgroup* cgroup, std::vector<Relative> spared)
      : cgroup_(cgroup), spared_(std::move(spared)) {}

  // A member without a parent in the tree is a child of this process, at least by adoption.
  bool is_empty() override {
    const bool has_descendants = has_children() && (spared_.empty() || !descendants().empty());
    return !has_descendants && (cgroup_ == nullptr || !cgroup_->is_populated());
  }

  // Every process in the cgroup is a member: it was made for this tree, or was empty before.
  std::vector<Relative> list() override {
    std::vector<Relative> members = descendants();
    if (cgroup_ == nullptr) return members;
    for (const pid_t pid : cgroup_->members()) {
      const auto has_it = [pid](const Relative& member) { return member.pid == pid; };
      const auto member = look_at(pid);
      if (member && !member->has_ended && std::none_of(members.begin(), members.end(), has_it))
        members.push_back(*member);
    }
    return members;
  }

  bool send(const Relative& member, int signal) override {
    // A child of this process keeps its pid until it is reaped here.
    if (member.parent == ::getpid()) return ::kill(member.pid, signal) == 0;
    // Another parent may have reaped the member, and the pid be a foreign process's by now.
    const UniqueFd pidfd(open_pidfd(member.pid));
    if (!pidfd) return false;
    const auto now = look_at(member.pid);
    if (!now || now->start_time != member.start_time || !belongs(member.pid)) {
      errno = ESRCH;
      return false;
    }
    return send_signal(pidfd.get(), signal);
  }

  // Reaches members of any uid, and those that are being forked.
  void kill_at_once() override {
    if (cgroup_ != nullptr) (void)cgroup_->kill();
  }

 private:
  [[nodiscard]] std::vector<Relative> descendants() const {
    std::vector<Relative> members;
    std::set<pid_t> strangers;
    for (const Relative& relative : descendants_of(::getpid()))
      if (is_spared(relative) || strangers.count(relative.parent) != 0) {
        strangers.insert(relative.pid);
      } else {
        members.push_back(relative);
      }
    return members;
  }

  [[nodiscard]] bool is_spared(const Relative& relative) const {
    return std::any_of(spared_.begin(), spared_.end(), [&](const Relative& other) {
      return other.pid == relative.pid && other.start_time == relative.start_time;
    });
  }

  // Whether the process `pid`, for which a pidfd is open, is a member.
  [[nodiscard]] bool belongs(pid_t pid) const {
    return (cgroup_ != nullptr && cgroup_->contains(pid)) || is_descendant(pid, ::getpid());
  }

  const Cgroup* cgroup_;
  std::vector<Relative> spared_;
};

// Every process with a pid in this PID namespace is a member.
class NamespaceMembers : public Members {
 public:
  bool is_empty() override { return !has_children(); }
  std::vector<Relative> list() override { return all_others(); }
  bool send(const Relative& member, int signal) override { return ::kill(member.pid, signal) == 0; }
  // Under one lock: no process can escape by a fork (kill(2)).
  void kill_at_once() override { (void)::kill(-1, SIGKILL); }
};

}  // namespace

std::unique_ptr<Members> members_of_tree(const Cgroup* cgroup, std::vector<Relative> spared) {
  return std::make_unique<TreeMembers>(cgroup, std::move(spared));
}

std::unique_ptr<Members> members_of_namespace() {
  return std::make_unique<NamespaceMembers>();
}

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
