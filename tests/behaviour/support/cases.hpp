// How a test case says where it runs, and that it did not.
//
// Each run of the suite leaves a report: one line for each case, passed, failed or skipped and why
// (TETHER_REPORT names the file). tests/report/check reads the reports of all runs together, so a
// case that ran nowhere is found.
#pragma once

#include <doctest/doctest.h>

#include <string>

namespace tether::test {

// Has the case count as skipped, unless it fails: it ends with a line "skipped: WHY", which CTest
// takes for that, and WHY is in the report. SKIP_UNLESS leaves the case as well; a case that goes
// on leaves a part out.
void skip_this_case(const std::string& why);

// Whether this run is one of the two that leave nothing out: as root on the host's kernel, and as
// an ordinary user on the newest one of the matrix. That boot has one processor; root's has two,
// where an emulated round takes five times as long.
bool is_run_in_full();

// How many rounds a case takes that shows a race by number: `full` in those runs, a fifth in the
// others. ROUNDS in the environment, a factor such as 10 or 0.1, is for a long night, or for a
// machine that has no time.
int rounds(int full);

}  // namespace tether::test

// A case whose outcome can depend on the kernel: it runs on every kernel of the matrix, and the
// other cases run on the host's alone. Anything with a tie, a tree, a keeper, a pidfd of the
// child's that leaves tether, a cgroup or a namespace is one.
#define KERNEL_TEST_CASE(name) TEST_CASE((name)*doctest::test_suite("kernel"))

// Leaves the case as skipped where `condition` does not hold. For the first lines of a case: what
// was checked before it would count for nothing.
#define SKIP_UNLESS(condition, why)        \
  do {                                     \
    if (!(condition)) {                    \
      ::tether::test::skip_this_case(why); \
      return;                              \
    }                                      \
  } while (false)
