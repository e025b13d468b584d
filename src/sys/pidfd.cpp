#include "sys/pidfd.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <string>
#include <string_view>

#include "sys/deadline.hpp"
#include "sys/kernel_text.hpp"

namespace tether {
namespace {

constexpr long pidfs_magic = 0x50494446;     // PID_FS_MAGIC, linux/magic.h from 6.9
constexpr unsigned send_to_group = 1U << 2;  // PIDFD_SIGNAL_PROCESS_GROUP

// struct pidfd_info of linux/pidfd.h in its first, 64-byte form: later fields have moved between
// releases.
struct PidfdInfo {
  std::uint64_t mask;
  std::uint64_t cgroup_id;
  std::uint32_t pid, tgid, ppid, ruid, rgid, euid, egid, suid, sgid, fsuid, fsgid;
  std::int32_t exit_code;
};
static_assert(sizeof(PidfdInfo) == 64);
constexpr unsigned long get_info = _IOWR(0xFF, 11, PidfdInfo);
constexpr std::uint64_t info_exit = 1U << 3;

Ending decode_wait_status(int status) {
  Ending ending;
  if (WIFEXITED(status)) {
    ending.exit_code = WEXITSTATUS(status);
  } else {
    ending.code = WCOREDUMP(status) ? Ending::Code::dumped : Ending::Code::killed;
    ending.signal = WTERMSIG(status);
  }
  return ending;
}

constexpr idtype_t by_pidfd = static_cast<idtype_t>(3);  // P_PIDFD

// glibc's waitid(3) has no argument for the usage; the system call has.
long raw_waitid(int pidfd, siginfo_t* info, int options, rusage* usage) {
  return ::syscall(SYS_waitid, by_pidfd, pidfd, info, options, usage);
}

}  // namespace

int open_pidfd(pid_t pid) {
  return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
}

bool send_signal(int pidfd, int signal) {
  return ::syscall(SYS_pidfd_send_signal, pidfd, signal, nullptr, 0) == 0;
}

bool send_signal_to_group(int pidfd, pid_t pid, int signal) {
  if (::syscall(SYS_pidfd_send_signal, pidfd, signal, nullptr, send_to_group) == 0) return true;
  return errno == EINVAL && ::kill(-pid, signal) == 0;
}

bool has_ended(int pidfd) {
  return has_event(pidfd);
}

UniqueFd copy_of(int fd) {
  return UniqueFd(::fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
}

UniqueFd take_file_of(int pidfd, pid_t pid) {
  UniqueFd taken = copy_of(pidfd);
  if (!taken) return taken;
  const UniqueFd own(open_pidfd(pid));
  const int error_number = errno;
  // Checked last: if the process has not ended by now, `pid` was its own when `own` was opened.
  if (has_ended(pidfd)) return taken;
  errno = error_number;
  if (!own || ::dup3(own.get(), pidfd, O_CLOEXEC) < 0) return {};
  return taken;
}

std::optional<std::uint64_t> pidfs_inode(int pidfd) {
  struct statfs file_system {};
  struct stat file {};
  if (::fstatfs(pidfd, &file_system) != 0 || file_system.f_type != pidfs_magic) return std::nullopt;
  if (::fstat(pidfd, &file) != 0) return std::nullopt;
  return file.st_ino;
}

pid_t pid_of(int pidfd) {
  // 0 if the process has no number here; -1, which is not read as a number, if it was reaped.
  const auto pid = number_of(text_of("/proc/self/fdinfo/" + std::to_string(pidfd)), "Pid:");
  return pid && *pid > 0 ? static_cast<pid_t>(*pid) : -1;
}

std::optional<Ending> exit_information(int pidfd) {
  PidfdInfo info{};
  info.mask = info_exit;
  // A failed call leaves the requested mask in place: the mask alone proves nothing.
  if (::ioctl(pidfd, get_info, &info) != 0 || (info.mask & info_exit) == 0) return std::nullopt;
  return decode_wait_status(info.exit_code);
}

bool has_exit_information() {
  const UniqueFd self(open_pidfd(::getpid()));
  PidfdInfo info{};
  info.mask = info_exit;
  return self && ::ioctl(self.get(), get_info, &info) == 0;
}

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
