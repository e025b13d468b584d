// How a process ended, asked for as soon as its pidfd says that it has. Of one that the kernel
// reaps, that is sometimes a moment before it can be told: races show by number.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <csignal>

#include "harness.hpp"
#include "sys/pidfd.hpp"
#include "sys/unique_fd.hpp"

using namespace tether::test;
using tether::UniqueFd;

namespace {

// The kernel reaps the children of this process while it lives.
class NoZombies {
 public:
  NoZombies() {
    struct sigaction unwaited {};
    unwaited.sa_handler = SIG_DFL;
    unwaited.sa_flags = SA_NOCLDWAIT;
    REQUIRE(::sigaction(SIGCHLD, &unwaited, &before_) == 0);
  }
  NoZombies(const NoZombies&) = delete;
  NoZombies& operator=(const NoZombies&) = delete;
  ~NoZombies() { (void)::sigaction(SIGCHLD, &before_, nullptr); }

 private:
  struct sigaction before_ {};
};

// Of a process that leaves with `status` when its pidfd is open, and not before.
std::optional<tether::Ending> ending_of_one_that_leaves(int status, bool autoreaped) {
  std::array<int, 2> ends{};
  REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
  const UniqueFd reading(ends[0]);
  UniqueFd writing(ends[1]);
  const pid_t pid = ::fork();
  if (pid == 0) {
    writing.reset();
    char byte = 0;
    (void)!::read(reading.get(), &byte, 1);
    ::_exit(status);
  }
  const UniqueFd pidfd(tether::open_pidfd(pid));
  REQUIRE(pidfd);
  writing.reset();
  pollfd ended{pidfd.get(), POLLIN, 0};
  REQUIRE(::poll(&ended, 1, -1) == 1);
  return tether::learn_ending(pidfd.get(), autoreaped);
}

void check_endings(bool autoreaped) {
  const int total = rounds(500);
  for (int round = 0; round < total; ++round) {
    const int status = round % 256;
    const auto ending = ending_of_one_that_leaves(status, autoreaped);
    REQUIRE(ending);
    CHECK(ending->shell_status() == status);
  }
}

}  // namespace

KERNEL_TEST_CASE("how a process ended is learned as soon as it has") {
  check_endings(false);
}

KERNEL_TEST_CASE("how a process ended that the kernel reaps is learned as soon as it has") {
  // Not before Linux 6.15.
  SKIP_UNLESS(tether::has_exit_information(), "a pidfd tells no exit status before Linux 6.15");
  const NoZombies unwaited;
  check_endings(true);
}
