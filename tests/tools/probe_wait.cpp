// What the probe does with locks and waits.
#include <sys/file.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "probe.hpp"

// lock: says "locking", and wants the lock on a pidfd of its own.
int lock_self(Words) {
  const auto self = static_cast<int>(::syscall(SYS_pidfd_open, ::getpid(), 0));
  if (self < 0) return 97;
  std::printf("locking\n");
  (void)std::fflush(stdout);
  (void)::flock(self, LOCK_EX);
  std::printf("locked\n");
  (void)std::fflush(stdout);
  while (true) ::pause();
}

// reap [COMMAND [ARG]...]: runs COMMAND, then waits for whatever children there are until there are
// none, and says how many it has waited for.
int reap_all(Words words) {
  if (words[0] != nullptr && ::fork() == 0) {
    (void)::execv(words[0], const_cast<char* const*>(words));
    ::_exit(96);
  }
  int count = 0;
  int last = 0;
  while (::waitpid(-1, &last, __WALL) > 0) ++count;
  std::printf("reaped %d, %s\n", count, std::strerror(errno));
  (void)std::fflush(stdout);
  return WIFEXITED(last) ? WEXITSTATUS(last) : 98;
}
