// tether as the first process of a PID namespace, as in a container.
#pragma once

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <string>

#include "detached.hpp"

namespace tether::test {

// Makes the next child of this process the first one of a PID namespace; without privileges in a
// user namespace as well, in which it is the same user. False where that is not permitted.
inline bool unshare_pids() {
  const uid_t user = ::geteuid();
  if (user == 0) return ::unshare(CLONE_NEWPID) == 0;
  if (::unshare(CLONE_NEWUSER | CLONE_NEWPID) != 0) return false;
  const std::string map = std::to_string(user) + " " + std::to_string(user) + " 1";
  const UniqueFd file(::open("/proc/self/uid_map", O_WRONLY | O_CLOEXEC));
  return ::write(file.get(), map.data(), map.size()) == static_cast<ssize_t>(map.size());
}

// Some containers and distributions permit no namespaces. Root in the test machine has them.
inline bool can_unshare_pids() {
  static const bool can = [] {
    const pid_t pid = ::fork();
    if (pid == 0) ::_exit(unshare_pids() ? 0 : 1);
    int status = -1;
    (void)::waitpid(pid, &status, 0);
    return status == 0;
  }();
  if (is_in_vm() && is_root()) REQUIRE(can);
  return can;
}

// A caller that makes tether PID 1 and ends as it does. What `as_init` does comes last.
inline Setup first_process(const std::function<void()>& as_init = nullptr) {
  Setup setup;
  setup.before_exec = [as_init] {
    if (!unshare_pids()) ::_exit(95);
    const pid_t init = ::fork();
    if (init == 0) {
      if (as_init) as_init();
      return;
    }
    // What tether has open is its alone.
    for (int fd = 0; fd < 3; ++fd) (void)::close(fd);
    int status = 0;
    (void)::waitpid(init, &status, 0);
    if (WIFSIGNALED(status)) (void)::kill(::getpid(), WTERMSIG(status));
    ::_exit(WEXITSTATUS(status));
  };
  return setup;
}

// The PID 1 that such a caller has made, as it is seen from here.
inline pid_t init_of(const Running& running) {
  REQUIRE(eventually([&] { return children_of(running.pid()).size() == 1; }));
  return children_of(running.pid())[0];
}

}  // namespace tether::test
