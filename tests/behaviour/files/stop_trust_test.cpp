// --stop: ends the process that a pidfile names, and nobody else.
#include <doctest/doctest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "services.hpp"

using namespace tether::test;

namespace {

// The identity that tether would write for PID 1.
std::string identity_of_init() {
  const std::string stat = read_file("/proc/1/stat");
  std::istringstream fields(stat.substr(stat.rfind(')') + 2));
  std::string start_time;
  for (int field = 3; field <= 22; ++field) fields >> start_time;
  std::string boot = read_file("/proc/sys/kernel/random/boot_id");
  boot.erase(boot.find('\n'));
  struct stat space {};
  REQUIRE(::stat("/proc/self/ns/pid", &space) == 0);
  return "1 " + boot + " " + std::to_string(space.st_ino) + " " + start_time + " 0\n";
}

}  // namespace

KERNEL_TEST_CASE("a zombie is nothing that runs") {
  const Services services;
  const pid_t child = services.start(probe("exit", {"0"}));
  REQUIRE(eventually([child] { return !is_alive(child); }));
  CHECK(services.stop().exit_code == 1);
}

KERNEL_TEST_CASE("a stranger with the number of a service lives") {
  const Services services;
  const pid_t stranger = services.start();
  SUBCASE("of before a reboot") {
    services.change_identity(1, "01234567-89ab-cdef-0123-456789abcdef");
  }
  SUBCASE("in another PID namespace") {
    services.change_identity(2, "1");
  }
  SUBCASE("that started at another time") {
    services.change_identity(3, "1");
    services.change_identity(4, kernel_is_at_least(6, 9) ? "1" : "0");
  }
  SUBCASE("whose identity is not there") {
    std::filesystem::remove(services.path("pid.tether"));
  }
  SUBCASE("whose identity names another process") {
    services.change_identity(0, "1");
  }
  const Finished stopped = services.stop({"-s", "KILL"});
  CHECK(stopped.exit_code == 1);
  CHECK(is_alive(stranger));
}

KERNEL_TEST_CASE("a pidfile that names somebody else than the identity ends neither") {
  const Services services;
  const pid_t service = services.start();
  const pid_t stranger = fork_bystander();
  services.write("pid", std::to_string(stranger) + "\n");
  CHECK(services.stop({"-s", "KILL"}).exit_code == 1);
  CHECK(is_alive(stranger));
  CHECK(is_alive(service));
}

KERNEL_TEST_CASE("a process that may not be ended is an error") {
  const Words look{"--", "/bin/sh", "-c", "read line < /proc/1/stat"};
  SKIP_UNLESS(run(look, unprivileged()).exit_code == 0, "/proc hides other users' processes");
  const Services services;
  // Written by hand: PID 1 belongs to root, wherever these tests run without privileges.
  services.write("pid", "1\n");
  services.write("pid.tether", identity_of_init());
  if (is_root())
    for (const std::string name : {"pid", "pid.tether"})
      REQUIRE(::chown(services.path(name).c_str(), 1000, 1000) == 0);
  const Finished stopped = services.stop({}, unprivileged());
  CHECK(stopped.exit_code == 125);
  CHECK(stopped.first_error_line() ==
        "tether: cannot send SIGTERM to process 1: Operation not permitted");
  CHECK(services.content() == "1\n");
}

KERNEL_TEST_CASE("another user's identity file that cannot be read is an error") {
  SKIP_UNLESS(is_root(), "needs root");
  const Services services;
  const pid_t child = services.start();
  CHECK(services.stop({}, as_user(1000)).exit_code == 125);
  CHECK(is_alive(child));
}

KERNEL_TEST_CASE("a user's stop refuses what another user may have written") {
  SKIP_UNLESS(is_root(), "needs root");
  const Setup user = as_user(1000);
  for (const Words& names : {Words{"pid"}, Words{"pid.tether"}, Words{"pid", "pid.tether"}}) {
    CAPTURE(names);
    const Services services;
    const pid_t child = services.start(probe("sleep"), user);
    for (const std::string& name : names) {
      REQUIRE(::chown(services.path(name).c_str(), 1001, 1001) == 0);
      REQUIRE(::chmod(services.path(name).c_str(), 0666) == 0);
    }
    const Finished stopped = services.stop({"-s", "KILL"}, user);
    CHECK(stopped.exit_code == 125);
    CHECK(stopped.first_error_line() == "tether: cannot use pidfile '" + services.path(names[0]) +
                                            "': another user owns the file");
    CHECK(is_alive(child));
  }
}

namespace {

// The smallest range of pids that a kernel allows, for as long as this lives.
class TinyPidMax {
 public:
  TinyPidMax() : before_(read_file(path)) { std::ofstream(path) << 400; }
  TinyPidMax(const TinyPidMax&) = delete;
  TinyPidMax& operator=(const TinyPidMax&) = delete;
  ~TinyPidMax() { std::ofstream(path) << before_; }

 private:
  static constexpr const char* path = "/proc/sys/kernel/pid_max";
  std::string before_;
};

// Makes processes until one has the number `pid`, and leaves that one running.
bool reuse(pid_t pid) {
  // Before Linux 6.9 the start time, in ticks of 10 ms, is all that tells two processes apart.
  timespec now{};
  (void)::clock_gettime(CLOCK_BOOTTIME, &now);
  const auto tick = [](const timespec& time) {
    return time.tv_sec * 100 + time.tv_nsec / 10000000;
  };
  const auto first = tick(now);
  REQUIRE(eventually([&] {
    (void)::clock_gettime(CLOCK_BOOTTIME, &now);
    return tick(now) > first + 1;
  }));
  for (int attempt = 0; attempt < 1000; ++attempt) {
    const pid_t made = ::fork();
    if (made == 0) {
      if (::getpid() != pid) ::_exit(0);
      while (true) ::pause();
    }
    if (made == pid) return true;
    if (made > 0) (void)::waitpid(made, nullptr, 0);
  }
  return false;
}

}  // namespace

KERNEL_TEST_CASE("a pid that was given to another process is nobody's service") {
  SKIP_UNLESS(is_root() && is_in_vm(), "changes pid_max, which belongs to the whole machine");
  const Services services;
  const TinyPidMax tiny;
  for (const Words& words : {Words{"--stop", "-q"}, Words{"-dq"} + probe("sleep")}) {
    CAPTURE(words);
    pid_t child = services.start();
    // The first 300 are not given out again.
    for (int attempt = 0; child < 300 && attempt < 400; ++attempt) {
      kill_and_reap(child);
      child = services.start();
    }
    REQUIRE(child >= 300);
    kill_and_reap(child);
    REQUIRE(reuse(child));
    REQUIRE(services.content() == std::to_string(child) + "\n");
    const bool stops = words[0] == "--stop";
    CHECK(run(services.by_pidfile() + words).exit_code == (stops ? 1 : 0));
    CHECK(is_alive(child));
    if (!stops) CHECK(services.content() != std::to_string(child) + "\n");
    kill_and_reap(child);
  }
}
