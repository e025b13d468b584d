#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdlib>

#include "harness.hpp"

int main(int argc, char** argv) {
  // Descriptors that whoever runs the suite left open would show up in the children.
  (void)::syscall(SYS_close_range, 3U, ~0U, 0);
  // A directory that this user may not search would turn "not found" into "denied", as execvp has
  // it.
  (void)::setenv("PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", 1);
  tether::test::become_subreaper();
  return doctest::Context(argc, argv).run();
}
