// What must not be done to a machine whose namespaces are not ours.
#include "sys/namespaces.hpp"

#include <doctest/doctest.h>
#include <linux/sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

namespace tether {

TEST_CASE("a process that is not the first of a namespace changes nothing") {
  const pid_t pid = ::fork();
  if (pid == 0) {
    // Harmless also where the code under test is not what it should be: no user may mount.
    if (::geteuid() == 0 && ::setresuid(65534, 65534, 65534) != 0) ::_exit(2);
    const NamespaceStatus status = set_up_namespaces({false, 65534, 65534, {}});
    ::_exit(status.step == NamespaceStep::clone && status.error_number == ENOSYS ? 0 : 1);
  }
  int status = 0;
  REQUIRE(::waitpid(pid, &status, 0) == pid);
  CHECK(WEXITSTATUS(status) == 0);
}

TEST_CASE("the plan is for the effective ids of this process") {
  const NamespacePlan plan = plan_namespaces();
  CHECK(plan.user == ::geteuid());
  CHECK(plan.group == ::getegid());
  CHECK(plan.user_namespace == !has_sys_admin());
  CHECK(plan.capabilities.permitted == capabilities().permitted);
}

TEST_CASE("a user namespace is asked for only where it is needed") {
  CHECK(namespace_flags({false, 0, 0, {}}) == (CLONE_NEWPID | CLONE_NEWNS));
  CHECK(namespace_flags({true, 0, 0, {}}) == (CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWUSER));
}

}  // namespace tether
