#include "tree/members.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <set>
#include <utility>

#include "sys/children.hpp"
#include "sys/pidfd.hpp"
#include "sys/process_identity.hpp"
#include "sys/unique_fd.hpp"

namespace tether {
namespace {

class Descendants : public Members {
 public:
  explicit Descendants(std::vector<Relative> spared) : spared_(std::move(spared)) {}

  // A member without a parent in the tree is a child of this process, at least by adoption.
  bool is_empty() override {
    return !has_children() || (!spared_.empty() && Descendants::list().empty());
  }

  std::vector<Relative> list() override {
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

 protected:
  // Whether the process `pid`, for which a pidfd is open, is a member.
  virtual bool belongs(pid_t pid) { return is_descendant(pid, ::getpid()); }

 private:
  [[nodiscard]] bool is_spared(const Relative& relative) const {
    return std::any_of(spared_.begin(), spared_.end(), [&](const Relative& other) {
      return other.pid == relative.pid && other.start_time == relative.start_time;
    });
  }

  std::vector<Relative> spared_;
};

// Every process in the cgroup is a member: it was made for this tree, or was empty before.
class CgroupMembers : public Descendants {
 public:
  CgroupMembers(const Cgroup& cgroup, std::vector<Relative> spared)
      : Descendants(std::move(spared)), cgroup_(cgroup) {}

  bool is_empty() override { return Descendants::is_empty() && !cgroup_.is_populated(); }

  std::vector<Relative> list() override {
    std::vector<Relative> members = Descendants::list();
    for (const pid_t pid : cgroup_.members()) {
      const auto has_it = [pid](const Relative& member) { return member.pid == pid; };
      const auto member = look_at(pid);
      if (member && !member->has_ended && std::none_of(members.begin(), members.end(), has_it))
        members.push_back(*member);
    }
    return members;
  }

  // Reaches members of any uid, and those that are being forked.
  void kill_at_once() override { (void)cgroup_.kill(); }

 protected:
  bool belongs(pid_t pid) override { return cgroup_.contains(pid) || Descendants::belongs(pid); }

 private:
  const Cgroup& cgroup_;
};

// Every process with a pid in this PID namespace is a member.
class NamespaceMembers : public Members {
 public:
  std::vector<Relative> list() override { return all_others(); }
  bool send(const Relative& member, int signal) override { return ::kill(member.pid, signal) == 0; }
  // Under one lock: no process can escape by a fork (kill(2)).
  void kill_at_once() override { (void)::kill(-1, SIGKILL); }
};

}  // namespace

bool Members::is_empty() {
  return !has_children();
}

std::unique_ptr<Members> descendants_as_members(std::vector<Relative> spared) {
  return std::make_unique<Descendants>(std::move(spared));
}

std::unique_ptr<Members> cgroup_as_members(const Cgroup& cgroup, std::vector<Relative> spared) {
  return std::make_unique<CgroupMembers>(cgroup, std::move(spared));
}

std::unique_ptr<Members> namespace_as_members() {
  return std::make_unique<NamespaceMembers>();
}

}  // namespace tether
