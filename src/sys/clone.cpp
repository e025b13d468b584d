#include "sys/clone.hpp"

#include <linux/sched.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstddef>

#include "sys/pidfd.hpp"

namespace tether {
namespace {

// Enough for a handful of system calls and a signal handler; execve(2) itself uses the kernel's
// stack. Not allocated, because untouched pages of .bss cost nothing.
constexpr std::size_t child_stack_bytes = std::size_t{64} * 1024;
alignas(64) unsigned char child_stack[child_stack_bytes];

std::uint64_t address(const void* pointer) {
  return reinterpret_cast<std::uintptr_t>(pointer);
}

// glibc has no clone3 wrapper. A child that shares memory must not return from the call on its own
// stack, hence assembly and not syscall(2).
#if defined(__x86_64__)
constexpr bool has_stack_switch = true;

long clone3_on_stack(clone_args* arguments, void (*body)(void*), void* argument) {
  long result = SYS_clone3;
  asm volatile(
      "syscall\n\t"
      "test %%rax, %%rax\n\t"
      "jnz 1f\n\t"
      "mov %[argument], %%rdi\n\t"
      "mov %[body], %%rax\n\t"
      "xor %%ebp, %%ebp\n\t"  // ends the stack for a debugger; may have held an operand
      "call *%%rax\n\t"
      "ud2\n"
      "1:"
      : "+a"(result)
      : "D"(arguments), "S"(sizeof *arguments), [body] "r"(body), [argument] "r"(argument)
      : "rcx", "r11", "cc", "memory");
  return result;
}
#else
constexpr bool has_stack_switch = false;

long clone3_on_stack(clone_args*, void (*)(void*), void*) {
  return -ENOSYS;
}
#endif

struct Body {
  void (*run)(void*);
  void* argument;
};

int run_body(void* body) {
  const auto* self = static_cast<const Body*>(body);
  self->run(self->argument);
  return 0;
}

int signal_for(std::uint64_t flags) {
  return (flags & clone_autoreap) != 0 ? 0 : SIGCHLD;  // autoreap with a signal: EINVAL
}

void set_cgroup(clone_args& arguments, int cgroup_fd) {
  if (cgroup_fd < 0) return;
  arguments.flags |= CLONE_INTO_CGROUP;
  arguments.cgroup = static_cast<std::uint64_t>(cgroup_fd);
}

Cloned failed(int error_number) {
  Cloned none;
  none.error_number = error_number;
  return none;
}

// Whether `way` can take `flags`: legacy clone silently drops the high bits, and takes the lowest
// byte for the exit signal.
bool takes_flags(CloneWay way, std::uint64_t flags) {
  if (way == CloneWay::clone3) return true;
  if (way == CloneWay::fork) return flags == 0;
  return flags <= UINT32_MAX && (flags & CSIGNAL) == 0;
}

// pidfd_open(2) after the fork is safe: the child stays a zombie until this process reaps it.
Cloned plain_fork() {
  const pid_t pid = ::fork();
  if (pid < 0) return failed(errno);
  Cloned cloned;
  cloned.pid = pid;
  if (pid == 0) return cloned;
  cloned.pidfd.reset(open_pidfd(pid));
  if (cloned.pidfd) return cloned;
  const int error_number = errno;
  (void)::kill(pid, SIGKILL);
  (void)::waitpid(pid, nullptr, 0);
  return failed(error_number);
}

}  // namespace

bool can_share_memory() {
  return has_stack_switch;
}

std::uint64_t shared_memory_flags() {
  return CLONE_VM | CLONE_VFORK;
}

Cloned run_sharing_memory(CloneWay way, std::uint64_t flags, int cgroup_fd, void (*body)(void*),
                          void* argument) {
  int pidfd = -1;
  long pid = -1;
  const std::uint64_t low_flags = shared_memory_flags() | CLONE_PIDFD;
  if (way == CloneWay::clone3) {
    clone_args arguments{};
    arguments.flags = low_flags | flags;
    set_cgroup(arguments, cgroup_fd);
    arguments.pidfd = address(&pidfd);
    arguments.exit_signal = static_cast<std::uint64_t>(signal_for(flags));
    arguments.stack = address(child_stack);
    arguments.stack_size = child_stack_bytes;
    pid = clone3_on_stack(&arguments, body, argument);
    if (pid < 0) return failed(static_cast<int>(-pid));
  } else {
    // Without the high bits: this call drops them silently.
    Body call{body, argument};
    pid = ::clone(run_body, child_stack + child_stack_bytes, static_cast<int>(low_flags) | SIGCHLD,
                  &call, &pidfd);
    if (pid < 0) return failed(errno);
  }
  Cloned cloned;
  cloned.pid = static_cast<pid_t>(pid);
  cloned.pidfd.reset(pidfd);
  return cloned;
}

Cloned fork_with_pidfd(CloneWay way, std::uint64_t flags, int exit_signal, int cgroup_fd) {
  if (!takes_flags(way, flags)) return failed(EINVAL);
  if (way == CloneWay::fork) return plain_fork();
  int pidfd = -1;
  long pid = -1;
  if (way == CloneWay::clone3) {
    clone_args arguments{};
    arguments.flags = CLONE_PIDFD | flags;
    arguments.pidfd = address(&pidfd);
    arguments.exit_signal =
        (flags & clone_autoreap) != 0 ? 0 : static_cast<std::uint64_t>(exit_signal);
    set_cgroup(arguments, cgroup_fd);
    pid = ::syscall(SYS_clone3, &arguments, sizeof arguments);
  } else {
    const std::uint64_t legacy_flags = CLONE_PIDFD | flags | static_cast<unsigned>(exit_signal);
    pid = ::syscall(SYS_clone, legacy_flags, 0, &pidfd, 0, 0);
  }
  if (pid < 0) return failed(errno);
  Cloned cloned;
  cloned.pid = static_cast<pid_t>(pid);
  // In the child the number, if written at all, names no descriptor: the table was copied before.
  if (pid != 0) cloned.pidfd.reset(pidfd);
  return cloned;
}

bool may_be_unsupported(int error_number) {
  return error_number == EINVAL || error_number == ENOSYS || error_number == EPERM;
}

int try_clone_flags(CloneWay way, std::uint64_t flags) {
  constexpr std::uint64_t nowhere = 8;
  long pid = -1;
  if (way == CloneWay::clone3) {
    clone_args arguments{};
    arguments.flags = CLONE_PIDFD | flags;
    arguments.pidfd = nowhere;
    arguments.exit_signal = static_cast<std::uint64_t>(signal_for(flags));
    pid = ::syscall(SYS_clone3, &arguments, sizeof arguments);
  } else {
    pid = ::syscall(SYS_clone, CLONE_PIDFD | SIGCHLD, 0, nowhere, 0, 0);
  }
  if (pid == 0) ::_exit(0);  // the kernel wrote to address 8; none known does
  return pid < 0 ? errno : EFAULT;
}

KernelSupport probe_kernel() {
  KernelSupport support;
  // Any other answer, such as EAGAIN at a limit, says nothing about the call.
  const auto refused = [](int error) { return error == ENOSYS || error == EPERM; };
  support.pidfd_open = UniqueFd(open_pidfd(::getpid())) || !refused(errno);
  const int plain = try_clone_flags(CloneWay::clone3, 0);
  if (refused(plain)) {
    support.clone3_error = plain;
    const int legacy_answer = try_clone_flags(CloneWay::legacy_clone, 0);
    const bool legacy = !refused(legacy_answer) && legacy_answer != EINVAL;
    support.way = legacy ? CloneWay::legacy_clone : CloneWay::fork;
    return support;
  }
  const auto known = [&](std::uint64_t flags) {
    const int answer = try_clone_flags(CloneWay::clone3, flags);
    return answer != EINVAL && !refused(answer);
  };
  support.autoreap = known(clone_autoreap) && has_exit_information();
  support.nnp = known(clone_nnp);
  support.into_cgroup = known(CLONE_INTO_CGROUP);
  support.autokill = known(clone_autoreap | clone_nnp | clone_pidfd_autokill);
  return support;
}

std::string kernel_release() {
  utsname name{};
  return ::uname(&name) == 0 ? name.release : "unknown";
}

}  // namespace tether
