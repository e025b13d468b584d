// What a caller may hand down: closed descriptors, tiny limits, no PATH, no /proc.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <unistd.h>

#include "harness.hpp"
#include "namespace.hpp"

using namespace tether::test;

KERNEL_TEST_CASE(
    "standard descriptors that are closed stay closed for the child and never carry the pidfd") {
  for (const int first : {0, 1, 2}) {
    CAPTURE(first);
    Setup setup;
    setup.before_exec = [first] {
      // The status goes to 7; 8 keeps what the probe prints.
      (void)::dup2(1, 8);
      for (int fd = first; fd < 3; ++fd) (void)::close(fd);
    };
    const Words command{"--", "/bin/sh", "-c", tool("probe") + " fds >&8"};
    for (const Words& ours : {Words{}, Words{"--autokill", "--nnp"}, Words{"--exec"}}) {
      CAPTURE(ours);
      const Finished finished = run(ours + command, setup);
      CHECK(finished.exit_code == 0);
      std::string expected;
      for (int fd = 0; fd < first; ++fd) expected += std::to_string(fd) + " ";
      // The shell puts 8 on the probe's 1.
      if (first <= 1) expected += "1 ";
      CHECK(finished.out == expected + "8 \n");
    }
  }
}

KERNEL_TEST_CASE("ten thousand open descriptors are inherited or closed") {
  rlimit limit{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &limit) == 0);
  SKIP_UNLESS(limit.rlim_max >= 20000 || is_root(), "this user may not open so many descriptors");
  Setup setup;
  setup.before_exec = [] {
    const rlimit many{20000, 20000};
    (void)::setrlimit(RLIMIT_NOFILE, &many);
    for (int i = 0; i < 10000; ++i) (void)::dup(2);
  };
  const Finished inherited = run(Words{"--autokill", "--nnp"} + probe("fds"), setup);
  CHECK(std::count(inherited.out.begin(), inherited.out.end(), ' ') == 10003);
  CHECK(run(Words{"--close-fds"} + probe("fds"), setup).out == "0 1 2 \n");
}

KERNEL_TEST_CASE("a tiny limit on descriptors is survived and handed on") {
  Setup setup;
  setup.before_exec = [] {
    const rlimit tiny{4, 100};
    (void)::setrlimit(RLIMIT_NOFILE, &tiny);
  };
  for (const Words& ours : {Words{}, Words{"--autokill", "--nnp"}, Words{"--autoreap"}}) {
    CAPTURE(ours);
    const Finished finished = run(ours + probe("identity"), setup);
    CHECK(finished.exit_code == 0);
    CHECK(finished.out.find("files 4\n") != std::string::npos);
  }
}

TEST_CASE("a limit without room for a pidfd is a clear error") {
  for (const rlim_t limit : {rlim_t{3}, rlim_t{4}}) {
    CAPTURE(limit);
    Setup setup;
    setup.before_exec = [limit] {
      const rlimit few{limit, limit};
      (void)::setrlimit(RLIMIT_NOFILE, &few);
    };
    const Finished finished = run(Words{"--print-pid"} + probe("exit", {"0"}), setup);
    SKIP_UNLESS(finished.err.find("loading shared libraries") == std::string::npos,
                "a tether with shared libraries needs descriptors to start at all");
    CHECK(finished.exit_code == 125);
    CHECK(finished.out.empty());
    CHECK(finished.first_error_line() ==
          (limit == 3 ? "tether: cannot watch the child: Too many open files"
                      : "tether: cannot make a process: Too many open files"));
    CHECK(finished.err.find("\ntether: hint: a limit on descriptors is reached: ulimit -n\n") !=
          std::string::npos);
  }
}

TEST_CASE("no environment at all is survived") {
  Setup setup;
  setup.clear_environment = true;
  CHECK(run({"sh", "-c", "exit 3"}, setup).exit_code == 3);
  CHECK(run(Words{"--env=A=1"} + probe("env"), setup).out == "A=1\n");
}

KERNEL_TEST_CASE("a machine without proc is survived") {
  SKIP_UNLESS(is_root(), "needs root");
  Setup setup;
  setup.before_exec = [] {
    if (::unshare(CLONE_NEWNS) != 0 ||
        ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
      ::_exit(95);
    if (::umount2("/proc", MNT_DETACH) != 0) ::_exit(94);
  };
  for (const Words& ours : {Words{}, Words{"--autokill", "--nnp"}, Words{"--autoreap", "--json"}}) {
    CAPTURE(ours);
    const Finished finished = run(ours + Words{"--close-fds"} + probe("exit", {"5"}), setup);
    if (finished.exit_code == 95) {
      REQUIRE_FALSE((is_in_vm() && is_root()));
      skip_this_case("no mount namespace can be had here");
      return;
    }
    CHECK(finished.exit_code == 5);
  }
  const Finished features = run({"--features", "--json"}, setup);
  CHECK(features.record("features").at("guarantees").at("autokill") == expected_autokill());
}

KERNEL_TEST_CASE("an unreadable COMMAND runs and is bound") {
  SKIP_UNLESS(!is_root(), "needs an ordinary user");
  TemporaryDirectory directory;
  directory.write("unreadable", read_file(tool("probe")), 0111);
  const Finished finished =
      run({"--autokill", "--nnp", "--json", directory.path("unreadable"), "exit", "6"});
  CHECK(finished.exit_code == 6);
  CHECK_FALSE(finished.record("start").at("guarantees").at("autokill").is_null());
}

KERNEL_TEST_CASE("children that tether inherited are left alone") {
  Setup setup;
  setup.before_exec = [] {
    if (::fork() == 0) ::_exit(42);
  };
  CHECK(run(probe("exit", {"7"}), setup).exit_code == 7);
  CHECK(run(Words{"--autokill", "--nnp"} + probe("exit", {"7"}), setup).exit_code == 7);
}
