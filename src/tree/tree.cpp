#include "tree/tree.hpp"

#include <utility>

#include "sys/deadline.hpp"
#include "sys/pidfd.hpp"

namespace tether {

void Tree::adopt(pid_t main) {
  sweep_.emplace(members_of_tree(bounds_.cgroup, bounds_.strangers));
  sweep_->set_main(main);
}

void Tree::ask(int signal) {
  if (warden_) (void)warden_.order({WardenOrder::Kind::ask, signal});
  if (sweep_) sweep_->ask(signal);
}

void Tree::kill() {
  if (warden_) (void)warden_.order({WardenOrder::Kind::kill, 0});
  if (sweep_) sweep_->kill();
}

void Tree::let_go_of_main() {
  if (warden_) (void)warden_.order({WardenOrder::Kind::let_go, 0});
}

std::optional<WardenNews> Tree::next_news() {
  while (warden_) {
    std::optional<WardenNews> news;
    if (early_.empty()) {
      news = warden_.next_news();
    } else {
      news = early_.front();
      early_.pop_front();
    }
    if (!news || news->kind != WardenNews::Kind::empty) return news;
    wardens_count_ = SweepCount{news->ended, news->out_of_reach};
  }
  return std::nullopt;
}

void Tree::get_in_step() {
  // A warden answers at once, unless it is stopped or the machine is very busy.
  constexpr std::chrono::milliseconds between_looks{100};
  constexpr int most_looks = 20;
  if (!warden_ || wardens_count_) return;
  if (!warden_.order({WardenOrder::Kind::in_step, 0, ++questions_})) return;
  for (int looks = 0; looks < most_looks && !is_stopped(warden_.pidfd()); ++looks)
    while (await(warden_.channel(), between_looks) == Awaited::ready) {
      const auto news = warden_.next_news();
      if (!news) return;
      // The answer to an earlier question, which was given up, is dropped.
      if (news->kind != WardenNews::Kind::in_step) {
        early_.push_back(*news);
      } else if (news->question == questions_) {
        return;
      }
    }
}

bool Tree::inherit(pid_t main) {
  if (!warden_ || warden_.channel() >= 0 || wardens_count_) return false;
  warden_ = Warden();
  adopt(main);
  sweep_->kill();
  return true;
}

std::chrono::milliseconds Tree::next_tending() const {
  return sweep_ ? sweep_->next_look() : std::chrono::milliseconds::max();
}

bool Tree::is_over() const {
  if (sweep_) return sweep_->is_over();
  return !warden_ || wardens_count_;
}

SweepCount Tree::count() const {
  return sweep_ ? sweep_->count() : wardens_count_.value_or(SweepCount{});
}

}  // namespace tether
