// System calls without libc, for the child between clone and exec. The child may share tether's
// memory (CLONE_VM): errno, and all else that a libc wrapper touches, is tether's then. Each
// returns what the kernel does: a result, or -errno (syscall(2), "Architecture calling
// conventions").
#pragma once

#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/types.h>

#include <cstddef>
#include <cstdint>

namespace tether::raw {

// A pointer as an argument of call().
inline long word(const void* pointer) noexcept {
  return reinterpret_cast<long>(pointer);
}

#if defined(__x86_64__)
inline long call(long number, long a = 0, long b = 0, long c = 0, long d = 0, long e = 0,
                 long f = 0) noexcept {
  register long fourth __asm__("r10") = d;
  register long fifth __asm__("r8") = e;
  register long sixth __asm__("r9") = f;
  long result = number;
  __asm__ volatile("syscall"
                   : "+a"(result)
                   : "D"(a), "S"(b), "d"(c), "r"(fourth), "r"(fifth), "r"(sixth)
                   : "rcx", "r11", "cc", "memory");
  return result;
}
#elif defined(__aarch64__)
inline long call(long number, long a = 0, long b = 0, long c = 0, long d = 0, long e = 0,
                 long f = 0) noexcept {
  register long which __asm__("x8") = number;
  register long first __asm__("x0") = a;
  register long second __asm__("x1") = b;
  register long third __asm__("x2") = c;
  register long fourth __asm__("x3") = d;
  register long fifth __asm__("x4") = e;
  register long sixth __asm__("x5") = f;
  __asm__ volatile("svc #0"
                   : "+r"(first)
                   : "r"(which), "r"(second), "r"(third), "r"(fourth), "r"(fifth), "r"(sixth)
                   : "cc", "memory");
  return first;
}
#else
#error "the way into the kernel is written down for x86-64 and arm64 only"
#endif

inline long write(int fd, const void* bytes, std::size_t count) noexcept {
  return call(SYS_write, fd, word(bytes), static_cast<long>(count));
}

// On a connected socket.
inline long send(int fd, const void* bytes, std::size_t count, int flags) noexcept {
  return call(SYS_sendto, fd, word(bytes), static_cast<long>(count), flags);
}
inline long receive(int fd, void* bytes, std::size_t count) noexcept {
  return call(SYS_recvfrom, fd, word(bytes), static_cast<long>(count));
}

inline long close(int fd) noexcept {
  return call(SYS_close, fd);
}
// Linux 5.9.
inline long close_range(unsigned first, unsigned last) noexcept {
  return call(SYS_close_range, first, last);
}
// `to` is not close-on-exec. EINVAL if `from` and `to` are equal.
inline long duplicate(int from, int to) noexcept {
  return call(SYS_dup3, from, to);
}
inline long truncate_to_nothing(int fd) noexcept {
  return call(SYS_ftruncate, fd);
}

inline pid_t own_pid() noexcept {
  return static_cast<pid_t>(call(SYS_getpid));
}
inline pid_t parent_pid() noexcept {
  return static_cast<pid_t>(call(SYS_getppid));
}
inline pid_t own_process_group() noexcept {
  return static_cast<pid_t>(call(SYS_getpgid));
}
inline long new_session() noexcept {
  return call(SYS_setsid);
}
inline long new_process_group() noexcept {
  return call(SYS_setpgid);
}
inline long kill(pid_t pid, int signal) noexcept {
  return call(SYS_kill, pid, signal);
}
inline long control_process(int option, long value) noexcept {
  return call(SYS_prctl, option, value);
}
inline long control_device(int fd, unsigned long request, long value) noexcept {
  return call(SYS_ioctl, fd, static_cast<long>(request), value);
}
inline long change_directory(int fd) noexcept {
  return call(SYS_fchdir, fd);
}
inline void set_umask(mode_t mask) noexcept {
  (void)call(SYS_umask, static_cast<long>(mask));
}
// The limit of this process. Either pointer may be null.
inline long limit(int resource, const rlimit* set, rlimit* old) noexcept {
  static_assert(sizeof(rlim_t) == sizeof(std::uint64_t), "struct rlimit is not prlimit64's");
  return call(SYS_prlimit64, 0, resource, word(set), word(old));
}
// Returns only on failure.
inline long execute(const char* path, char* const* argv, char* const* envp) noexcept {
  return call(SYS_execve, word(path), word(argv), word(envp));
}
[[noreturn]] inline void exit(int status) noexcept {
  while (true) (void)call(SYS_exit_group, status);
}

// The highest number a descriptor could have.
constexpr unsigned highest_fd = ~0U;
// The end of a loop over all descriptors: more than any hard limit should be.
constexpr unsigned most_fds = 1U << 20;

// Closes the descriptors from `first` to `last`, both included: by close_range(2) (Linux 5.9), or
// one by one up to the hard limit where a sandbox does not know that call.
inline void close_between(unsigned first, unsigned last) noexcept {
  if (first > last || close_range(first, last) == 0) return;
  rlimit most{};
  (void)limit(RLIMIT_NOFILE, nullptr, &most);
  for (unsigned fd = first; fd <= last && fd < most.rlim_max && fd < most_fds; ++fd)
    (void)close(static_cast<int>(fd));
}

}  // namespace tether::raw
