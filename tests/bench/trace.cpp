#include "trace.hpp"

#include <sys/ptrace.h>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <set>
#include <stdexcept>
#include <system_error>

namespace bench {
namespace {

constexpr int system_call_stop = SIGTRAP | 0x80;  // PTRACE_O_TRACESYSGOOD

constexpr long options = PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC |
                         PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE;

// A traced process tree, as far as it is the tool's.
class Tree {
 public:
  Tree(const Invocation& invocation, __ptrace_request step) : step_(step) {
    const pid_t tool = start(invocation, Tracing::by_us);
    int status = 0;
    if (::waitpid(tool, &status, __WALL) != tool || !WIFSTOPPED(status))
      throw std::runtime_error("cannot trace a command here");
    if (::ptrace(PTRACE_SETOPTIONS, tool, nullptr, options) != 0)
      throw std::system_error(errno, std::generic_category(), "PTRACE_SETOPTIONS");
    members_.insert(tool);
    resume(tool, 0);
  }
  Tree(const Tree&) = delete;
  Tree& operator=(const Tree&) = delete;
  ~Tree() {
    for (const pid_t pid : members_) (void)::kill(pid, SIGKILL);
    reap_everything();
  }

  struct Stop {
    pid_t pid = -1;
    int signal = 0;
    int event = 0;
  };

  // The next stop of a member; false when the last one has ended.
  bool next(Stop& stop) {
    while (!members_.empty()) {
      int status = 0;
      const pid_t pid = ::waitpid(-1, &status, __WALL);
      if (pid < 0) return false;
      if (!WIFSTOPPED(status)) {
        members_.erase(pid);
        continue;
      }
      members_.insert(pid);  // a new child's first stop may come before its parent's event
      stop = {pid, WSTOPSIG(status), status >> 16};
      if (is_birth(stop.event)) add_newborn(pid);
      return true;
    }
    return false;
  }

  // On with it, up to its next stop.
  void resume(pid_t pid, int signal) const { (void)::ptrace(step_, pid, nullptr, signal); }

  void let_go(pid_t pid) {
    (void)::ptrace(PTRACE_DETACH, pid, nullptr, nullptr);
    members_.erase(pid);
  }

 private:
  static bool is_birth(int event) {
    return event == PTRACE_EVENT_FORK || event == PTRACE_EVENT_VFORK || event == PTRACE_EVENT_CLONE;
  }

  void add_newborn(pid_t parent) {
    unsigned long child = 0;
    if (::ptrace(PTRACE_GETEVENTMSG, parent, nullptr, &child) == 0)
      members_.insert(static_cast<pid_t>(child));
  }

  __ptrace_request step_;
  std::set<pid_t> members_;
};

// What to hand on to the process: its own signals, not those that tracing makes.
int own_signal(const Tree::Stop& stop) {
  const bool made_by_tracing = stop.event != 0 || stop.signal == SIGTRAP ||
                               stop.signal == SIGSTOP || stop.signal == system_call_stop;
  return made_by_tracing ? 0 : stop.signal;
}

bool is_entry(pid_t pid) {
  __ptrace_syscall_info info{};
  return ::ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof info, &info) > 0 &&
         info.op == PTRACE_SYSCALL_INFO_ENTRY;
}

}  // namespace

// The tool's own exec is no event: it happens before the options are set. None of the tools runs
// anything but the target, so the first event is the target's exec.
std::uint64_t instructions_to_exec(const Invocation& invocation) {
  Tree tree(invocation, PTRACE_SINGLESTEP);
  std::uint64_t count = 0;
  Tree::Stop stop;
  while (tree.next(stop)) {
    if (stop.event == PTRACE_EVENT_EXEC) return count;
    if (stop.event == 0 && stop.signal == SIGTRAP) ++count;
    tree.resume(stop.pid, own_signal(stop));
  }
  throw std::runtime_error("the target was not executed");
}

std::uint64_t system_calls(const Invocation& invocation) {
  Tree tree(invocation, PTRACE_SYSCALL);
  std::uint64_t count = 0;
  Tree::Stop stop;
  while (tree.next(stop)) {
    if (stop.event == PTRACE_EVENT_EXEC) {
      tree.let_go(stop.pid);
      continue;
    }
    if (stop.signal == system_call_stop && is_entry(stop.pid)) ++count;
    tree.resume(stop.pid, own_signal(stop));
  }
  return count;
}

}  // namespace bench
