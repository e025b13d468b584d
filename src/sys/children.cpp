#include "sys/children.hpp"

#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>

#include "sys/deadline.hpp"
#include "sys/pidfd.hpp"

namespace tether {
namespace {

constexpr idtype_t by_pidfd = static_cast<idtype_t>(3);  // P_PIDFD

// glibc's waitid(3) has no argument for the usage; the system call has.
long raw_waitid(int pidfd, siginfo_t* info, int options, rusage* usage) {
  return ::syscall(SYS_waitid, by_pidfd, pidfd, info, options, usage);
}

}  // namespace

std::optional<Ending> reap(int pidfd, rusage* usage) {
  siginfo_t info{};
  long result = -1;
  do {
    result = raw_waitid(pidfd, &info, WEXITED | __WALL, usage);
  } while (result != 0 && errno == EINTR);
  if (result != 0) return std::nullopt;
  Ending ending;
  if (info.si_code == CLD_EXITED) {
    ending.exit_code = info.si_status;
  } else {
    ending.code = info.si_code == CLD_DUMPED ? Ending::Code::dumped : Ending::Code::killed;
    ending.signal = info.si_status;
  }
  return ending;
}

bool adopt_orphans() {
  return ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0;
}

void reap_others(pid_t but) {
  siginfo_t info{};
  const auto next = [&info](int option) {
    info.si_pid = 0;
    return ::syscall(SYS_waitid, P_ALL, 0, &info, WEXITED | WNOHANG | __WALL | option, nullptr) ==
               0 &&
           info.si_pid != 0;
  };
  // WNOWAIT looks first: a child that has been reaped cannot be given back.
  while (next(WNOWAIT) && info.si_pid != but)
    (void)::waitpid(info.si_pid, nullptr, WNOHANG | __WALL);
}

std::optional<StopOrContinue> take_stop_or_continue(int pidfd) {
  siginfo_t info{};
  if (raw_waitid(pidfd, &info, WSTOPPED | WCONTINUED | WNOHANG | __WALL, nullptr) != 0 ||
      info.si_pid == 0)
    return std::nullopt;
  return StopOrContinue{info.si_code == CLD_STOPPED, info.si_status};
}

bool is_stopped(int pidfd) {
  siginfo_t info{};
  return raw_waitid(pidfd, &info, WSTOPPED | WNOHANG | WNOWAIT | __WALL, nullptr) == 0 &&
         info.si_pid != 0;
}

std::optional<Ending> learn_ending(int pidfd, bool autoreaped, rusage* usage) {
  if (!autoreaped) return reap(pidfd, usage);
  const auto ending = exit_information(pidfd);
  // Where the ioctl works (Linux 6.15) the pidfd gets POLLHUP (6.9); elsewhere it may never.
  if (ending || !has_exit_information()) return ending;
  (void)await(pidfd, std::chrono::milliseconds::max(), 0);
  return exit_information(pidfd);
}

bool has_children() {
  siginfo_t info{};
  return ::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT | __WALL) == 0;
}

}  // namespace tether
