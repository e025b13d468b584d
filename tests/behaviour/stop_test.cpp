// --stop: ends the process that a pidfile names, and nobody else.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <memory>

#include "services.hpp"

using namespace tether::test;

namespace {

Finished stop(const Services& services, const Words& more = {}, const Setup& setup = {}) {
  return run(Words{"--stop"} + services.by_pidfile() + more, setup);
}

// A service that has a say in its end: it writes what it does to "out".
pid_t start_talking(const Services& services, const Words& command) {
  const pid_t pid = services.start(Words{"--stdout=" + services.path("out")} + command);
  REQUIRE(eventually([&] { return !read_file(services.path("out")).empty(); }));
  return pid;
}

bool says(const Services& services, const std::string& text) {
  return eventually(
      [&] { return read_file(services.path("out")).find(text) != std::string::npos; });
}

// A process of this test that is nobody's service.
pid_t fork_bystander() {
  const pid_t pid = ::fork();
  if (pid == 0)
    while (true) ::pause();
  return pid;
}

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

TEST_CASE("a service is ended and its files are removed") {
  const Services services;
  for (const Words& mode :
       {Words{}, Words{"--status-file=" + services.path("status")}, Words{"--nnp", "--autokill"}}) {
    CAPTURE(mode);
    const pid_t child = services.start(mode + probe("sleep"));
    const Finished stopped = stop(services);
    CHECK(stopped.exit_code == 0);
    CHECK(stopped.out.empty());
    CHECK(stopped.err.empty());
    CHECK_FALSE(is_alive(child));
    CHECK(is_gone(child));
    CHECK(services.is_clean());
  }
}

TEST_CASE("a service gets TERM and has its time to end") {
  const Services services;
  const std::string fifo = services.path("fifo");
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  const tether::UniqueFd held(::open(fifo.c_str(), O_RDWR | O_CLOEXEC));
  const pid_t child = start_talking(
      services, {"--", "/bin/sh", "-c",
                 "trap 'echo asked; read x < " + fifo +
                     "; echo done; exit 0' TERM; echo ready; while :; do sleep 0.02; done"});
  Running stopping(Words{"--stop", "-k0"} + services.by_pidfile());
  REQUIRE(says(services, "asked"));
  // It waits until the service is gone, not until it was asked.
  CHECK(is_alive(stopping.pid()));
  CHECK(state_of(child).has_value());
  CHECK(exists(services.path()));
  REQUIRE(::write(held.get(), "\n", 1) == 1);
  CHECK(stopping.wait().exit_code == 0);
  CHECK(says(services, "done"));
  CHECK_FALSE(is_alive(child));
  CHECK(services.is_clean());
}

TEST_CASE("a service that ignores TERM is killed after a time") {
  const Services services;
  const pid_t child = start_talking(services, probe("catch"));
  const Finished stopped = stop(services, {"-k", "50ms", "-v"});
  CHECK(stopped.exit_code == 0);
  CHECK(is_gone(child));
  CHECK(says(services, "got 15"));
  CHECK(services.is_clean());
}

TEST_CASE("a service that ignores TERM is never killed when that is so asked") {
  for (const std::string kill_after : {"0", "inf", "0.0s", "200000d"}) {
    CAPTURE(kill_after);
    const Services services;
    const pid_t child = start_talking(services, probe("catch"));
    Running stopping(Words{"--stop", "-k", kill_after} + services.by_pidfile());
    CHECK(eventually([&] {
      return !is_alive(child) ||
             read_file(services.path("out")).find("got 15") != std::string::npos;
    }));
    // It waits now: for the end of that time or, were it over, for the end of a killed service.
    CHECK(eventually([&] { return state_of(stopping.pid()).value_or('Z') != 'R'; }));
    (void)::kill(child, SIGUSR1);
    CHECK(eventually([&] {
      return !is_alive(child) ||
             read_file(services.path("out")).find("got 10") != std::string::npos;
    }));
    CHECK(is_alive(child));
    CHECK(is_alive(stopping.pid()));
    if (is_alive(child)) (void)::kill(child, SIGKILL);
    CHECK(stopping.wait().exit_code == 0);
    CHECK(services.is_clean());
    CHECK(is_gone(child));
  }
}

TEST_CASE("a service gets the signal that is named") {
  const Services services;
  const pid_t child = start_talking(services, probe("catch"));
  CHECK(stop(services, {"-s", "USR2"}).exit_code == 0);
  CHECK(says(services, "got 12"));
  CHECK(read_file(services.path("out")).find("got 15") == std::string::npos);
  CHECK(is_gone(child));
  (void)services.start(probe("catch"));
  CHECK(stop(services, {"--signal=9", "-k0"}).exit_code == 0);
  CHECK(services.is_clean());
}

TEST_CASE("a service that is stopped acts on TERM") {
  const Services services;
  const pid_t child = services.start();
  REQUIRE(::kill(child, SIGSTOP) == 0);
  REQUIRE(eventually([child] { return state_of(child) == 'T'; }));
  CHECK(stop(services, {"-k0"}).exit_code == 0);
  CHECK(is_gone(child));
}

TEST_CASE("where nothing is running that is said, unless with -q") {
  const Services services;
  const std::string message = "tether: nothing is running by '" + services.path() + "'\n";
  const auto check_nothing = [&] {
    Finished stopped = stop(services);
    CHECK(stopped.exit_code == 1);
    CHECK(stopped.err == message);
    stopped = stop(services, {"-q"});
    CHECK(stopped.exit_code == 1);
    CHECK(stopped.err.empty());
  };
  check_nothing();
  CHECK(services.is_clean());
  kill_and_reap(services.start());
  check_nothing();
  services.write("pid", "garbage\n");
  check_nothing();
  services.write("pid", "");
  services.write("pid.tether", "");
  check_nothing();
}

TEST_CASE("a second stop finds nothing running") {
  const Services services;
  const pid_t child = services.start();
  CHECK(stop(services).exit_code == 0);
  CHECK(stop(services).exit_code == 1);
  CHECK(is_gone(child));
}

TEST_CASE("a zombie is nothing that runs") {
  const Services services;
  const pid_t child = services.start(probe("exit", {"0"}));
  REQUIRE(eventually([child] { return !is_alive(child); }));
  CHECK(stop(services).exit_code == 1);
}

TEST_CASE("a stranger with the number of a service lives") {
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
  const Finished stopped = stop(services, {"-s", "KILL"});
  CHECK(stopped.exit_code == 1);
  CHECK(is_alive(stranger));
}

TEST_CASE("a pidfile that names somebody else than the identity ends neither") {
  const Services services;
  const pid_t service = services.start();
  const pid_t stranger = fork_bystander();
  services.write("pid", std::to_string(stranger) + "\n");
  CHECK(stop(services, {"-s", "KILL"}).exit_code == 1);
  CHECK(is_alive(stranger));
  CHECK(is_alive(service));
}

TEST_CASE("a process that may not be ended is an error") {
  if (run({"--", "/bin/sh", "-c", "read line < /proc/1/stat"}, unprivileged()).exit_code != 0) {
    MESSAGE("skipped: /proc hides other users' processes");
    return;
  }
  const Services services;
  // Written by hand: PID 1 belongs to root, wherever these tests run without privileges.
  services.write("pid", "1\n");
  services.write("pid.tether", identity_of_init());
  if (is_root())
    for (const std::string name : {"pid", "pid.tether"})
      REQUIRE(::chown(services.path(name).c_str(), 1000, 1000) == 0);
  const Finished stopped = stop(services, {}, unprivileged());
  CHECK(stopped.exit_code == 125);
  CHECK(stopped.first_error_line() ==
        "tether: cannot send SIGTERM to process 1: Operation not permitted");
  CHECK(services.content() == "1\n");
}

TEST_CASE("another user's identity file that cannot be read is an error") {
  if (!is_root()) {
    MESSAGE("skipped: not root");
    return;
  }
  const Services services;
  const pid_t child = services.start();
  CHECK(stop(services, {}, as_user(1000)).exit_code == 125);
  CHECK(is_alive(child));
}

TEST_CASE("two stops at once both wait and both are content") {
  const Services services;
  const pid_t child = start_talking(services, probe("catch"));
  Running one(Words{"--stop", "-k0"} + services.by_pidfile());
  Running other(Words{"--stop", "-k0", "-s", "HUP"} + services.by_pidfile());
  CHECK(says(services, "got 15"));
  CHECK(says(services, "got 1\n"));
  REQUIRE(::kill(child, SIGKILL) == 0);
  CHECK(one.wait().exit_code == 0);
  CHECK(other.wait().exit_code == 0);
  CHECK(services.is_clean());
  CHECK(is_gone(child));
}

TEST_CASE("a stop against a restart ends the old service and never the new one") {
  const Services services;
  const pid_t bystander = fork_bystander();
  for (int round = 0; round < 12; ++round) {
    CAPTURE(round);
    const pid_t old = services.start();
    Running stopping(Words{"--stop"} + services.by_pidfile());
    Running starting(Words{"-dq"} + services.by_pidfile() + probe("sleep"));
    const int stopped = stopping.wait().exit_code;
    const int started = starting.wait().exit_code;
    CHECK(stopped == 0);
    CHECK(is_gone(old));
    CHECK((started == 0 || started == 125));
    if (started != 0) continue;
    const pid_t fresh = std::stoi(services.content());
    CHECK(fresh != old);
    CHECK(is_alive(fresh));
    CHECK(stop(services).exit_code == 0);
    CHECK(is_gone(fresh));
  }
  CHECK(is_alive(bystander));
}

TEST_CASE("a service in wait mode ends as by any signal, and so does its tether") {
  const Services services;
  Running running(services.by_pidfile() + probe("sleep"));
  running.expect_output("ready");
  CHECK(stop(services).exit_code == 0);
  CHECK(running.wait().exit_code == 143);
  CHECK(services.is_clean());
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

TEST_CASE("a pid that was given to another process is nobody's service") {
  if (!is_root() || std::getenv("TETHER_VM") == nullptr) {
    MESSAGE("skipped: changes pid_max, which belongs to the whole machine");
    return;
  }
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
