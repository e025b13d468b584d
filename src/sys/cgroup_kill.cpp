// Ends the processes of a cgroup, by one write or one by one.
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <utility>

#include "sys/cgroup.hpp"
#include "sys/cgroup_files.hpp"
#include "sys/deadline.hpp"
#include "sys/pidfd.hpp"

namespace tether {
namespace {

constexpr std::chrono::seconds patience_with_members{2};
constexpr std::chrono::milliseconds between_rounds{20};

// The file is missing or not writable: kill_one_by_one() may still work.
bool is_out_of_reach(int error_number) {
  return error_number == ENOENT || error_number == EACCES || error_number == EPERM;
}

}  // namespace

Status Cgroup::kill() const {
  if (contains(::getpid())) {
    Failure refused = failure(0);
    refused.detail = "tether itself is in it";
    return refused;
  }
  if (write_cgroup_file(directory_.get(), "cgroup.kill", "1")) return Unit{};
  return is_out_of_reach(errno) ? kill_one_by_one() : failure(errno, "cgroup.kill");
}

Status Cgroup::kill_one_by_one() const {
  const auto deadline = Clock::now() + patience_with_members;
  // If freezing fails, a tree that forks quickly only takes more rounds.
  const bool is_frozen = write_cgroup_file(directory_.get(), "cgroup.freeze", "1");
  int error_number = 0;
  bool is_empty = !is_populated();
  while (!is_empty && Clock::now() < deadline) {
    error_number = signal_members(SIGKILL);
    is_empty = wait_until_empty(between_rounds);
  }
  if (is_frozen) (void)write_cgroup_file(directory_.get(), "cgroup.freeze", "0");
  if (is_empty) return Unit{};
  return failure(error_number != 0 ? error_number : ETIMEDOUT);
}

// Returns 0, or the errno of a signal that was refused. A pid is a member's if the lists from
// before and from after the opening of its pidfd both have it: a foreign process that gets the pid
// in between is not in the second list, and one that gets it later has another pidfd.
int Cgroup::signal_members(int signal) const {
  int error_number = 0;
  std::vector<std::pair<pid_t, UniqueFd>> opened;
  for (const pid_t pid : members())
    if (UniqueFd pidfd(open_pidfd(pid)); pidfd) {
      opened.emplace_back(pid, std::move(pidfd));
    } else if (errno != ESRCH) {
      error_number = errno;
    }
  const std::vector<pid_t> still = members();
  for (const auto& [pid, pidfd] : opened)
    if (std::find(still.begin(), still.end(), pid) != still.end() &&
        !send_signal(pidfd.get(), signal) && errno != ESRCH)
      error_number = errno;
  return error_number;
}

}  // namespace tether
