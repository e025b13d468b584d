// Flags that a way of making a process cannot take are refused, and never dropped.
#include "sys/clone.hpp"

#include <doctest/doctest.h>
#include <linux/sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

namespace tether {
namespace {

// The answer to a fork that ends at once: 0 or an errno.
int answer(CloneWay way, std::uint64_t flags) {
  const Cloned cloned = fork_with_pidfd(way, flags, SIGCHLD);
  if (cloned.pid == 0) ::_exit(0);
  if (cloned.pid > 0) (void)::waitpid(cloned.pid, nullptr, __WALL);
  return cloned.pid > 0 ? 0 : cloned.error_number;
}

}  // namespace

TEST_CASE("plain fork takes no flags") {
  CHECK(answer(CloneWay::fork, 0) == 0);
  for (const std::uint64_t flags : {clone_autoreap, std::uint64_t{CLONE_NEWPID}, std::uint64_t{1}})
    CHECK(answer(CloneWay::fork, flags) == EINVAL);
}

TEST_CASE("legacy clone takes the flags it knows and no others") {
  CHECK(answer(CloneWay::legacy_clone, 0) == 0);
  CHECK(answer(CloneWay::legacy_clone, CLONE_UNTRACED) == 0);
  for (const std::uint64_t flags :
       {clone_autoreap, clone_nnp, clone_pidfd_autokill, clone_autoreap | CLONE_NEWPID})
    CHECK(answer(CloneWay::legacy_clone, flags) == EINVAL);
  // The lowest byte is the exit signal there.
  CHECK(answer(CloneWay::legacy_clone, SIGUSR1) == EINVAL);
}

TEST_CASE("the kernel sees the low flags by clone and by clone3") {
  // No combination that any kernel takes (clone(2)).
  const std::uint64_t wrong = CLONE_NEWNS | CLONE_FS;
  CHECK(answer(CloneWay::legacy_clone, wrong) == EINVAL);
  CHECK((answer(CloneWay::clone3, wrong) == EINVAL || answer(CloneWay::clone3, 0) != 0));
}

}  // namespace tether
