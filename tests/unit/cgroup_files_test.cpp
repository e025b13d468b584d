// What the files of cgroup v2 say, and what looks nearly like it.
#include "sys/cgroup_files.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <string>
#include <vector>

#include "sys/kernel_text.hpp"

namespace tether {

TEST_CASE("a number is read from a file of one, and nothing else is one") {
  CHECK(first_word_as_number("0\n") == 0U);
  CHECK(first_word_as_number("4096\n") == 4096U);
  CHECK(first_word_as_number("4096") == 4096U);
  CHECK(first_word_as_number("18446744073709551615\n") ==
        std::numeric_limits<std::uint64_t>::max());
  for (const char* text :
       {"", "\n", "max\n", "-1\n", "12x\n", "0x10\n", "18446744073709551616\n"}) {
    CAPTURE(text);
    CHECK_FALSE(first_word_as_number(text).has_value());
  }
}

TEST_CASE("times are found by their whole name wherever they stand in cpu.stat") {
  const std::string text =
      "usage_usec 300007\n"
      "user_usec 250004\n"
      "system_usec 50003\n"
      "nice_usec 0\n"
      "core_sched.force_idle_usec 1\n";
  CHECK(number_of(text, "usage_usec") == 300007U);
  CHECK(number_of(text, "user_usec") == 250004U);
  CHECK(number_of(text, "system_usec") == 50003U);
  CHECK(number_of(text, "core_sched.force_idle_usec") == 1U);
  CHECK_FALSE(number_of(text, "user").has_value());
  CHECK_FALSE(number_of(text, "usec").has_value());
  CHECK_FALSE(number_of(text, "250004").has_value());
  CHECK_FALSE(number_of("", "user_usec").has_value());
  CHECK(number_of("user_usec 7", "user_usec") == 7U);
  CHECK_FALSE(number_of("user_usec\n5\n", "user_usec").has_value());
  CHECK_FALSE(number_of("user_usec five\n", "user_usec").has_value());
}

TEST_CASE("whether a cgroup is populated is read from cgroup.events") {
  CHECK(number_of("populated 0\nfrozen 0\n", "populated") == 0U);
  CHECK(number_of("populated 1\nfrozen 0\n", "populated") == 1U);
  CHECK(number_of("frozen 1\npopulated 0\n", "frozen") == 1U);
}

TEST_CASE("a controller is found by its whole name") {
  CHECK(has_word("cpuset cpu io memory hugetlb pids\n", "memory"));
  CHECK(has_word("cpuset cpu io memory hugetlb pids\n", "pids"));
  CHECK(has_word("cpuset cpu", "cpu"));
  CHECK_FALSE(has_word("cpuset io\n", "cpu"));
  CHECK_FALSE(has_word("hugetlb\n", "tlb"));
  CHECK_FALSE(has_word("\n", "cpu"));
  CHECK_FALSE(has_word("", "cpu"));
}

TEST_CASE("processes are the numbers of cgroup.procs but for those of other namespaces") {
  using Pids = std::vector<pid_t>;
  CHECK(pids_in("").empty());
  CHECK(pids_in("1\n42\n4194304\n") == Pids{1, 42, 4194304});
  // 0 would be our own process group to kill(2).
  CHECK(pids_in("0\n7\n0\n") == Pids{7});
  CHECK(pids_in("7") == Pids{7});
}

}  // namespace tether
