// --notify=socket: the service is another process than the one that was started.
#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <string>
#include <utility>

#include "detached.hpp"
#include "readiness.hpp"

using namespace tether::test;

KERNEL_TEST_CASE("MAINPID of a descendant moves the service") {
  for (const Words& mode : {Words{"-w"}, Words{"-dq"}, Words{"-dq", "--status-file=/dev/null"}}) {
    CAPTURE(mode);
    const Services services;
    Running running(mode + Words{"--notify=socket", "--json"} + services.by_pidfile() +
                    probe("notify", {"fork", "MAINPID=%\nREADY=1", "leave:0"}));
    running.expect_output("\"ready\"");
    const auto first = running.record("start").at("pid").get<pid_t>();
    const auto main = running.record("ready").at("pid").get<pid_t>();
    CHECK(main != first);
    CHECK(services.content() == std::to_string(main) + "\n");
    CHECK(is_alive(main));
    CHECK(eventually([&] { return !is_alive(first); }));
    CHECK(services.start_again().exit_code == 125);
    CHECK(run(Words{"--stop"} + services.by_pidfile()).exit_code == 0);
    CHECK_FALSE(is_alive(main));
    const Finished finished = running.wait();
    CHECK(finished.exit_code == (mode[0] == "-w" ? 143 : 0));
    if (mode[0] == "-w") CHECK(finished.record("exit").at("pid") == main);
    CHECK(eventually([&] { return services.is_clean(); }));
  }
}

TEST_CASE("MAINPID of a stranger is not believed") {
  for (const Words& mode : {Words{"-w"}, Words{"-dq"}})
    for (const std::string& stranger : {std::to_string(::getpid()), std::string("1"),
                                        std::string("0"), std::string("-1"), std::string("x")}) {
      CAPTURE(mode);
      CAPTURE(stranger);
      const Services services;
      Running running(mode + Words{"--notify=socket", "--json"} + services.by_pidfile() +
                      probe("notify", {"MAINPID=" + stranger + "\nREADY=1"}));
      running.expect_output("\"ready\"");
      CHECK(services.content() == running.record("start").at("pid").dump() + "\n");
      expect_ready(running, mode);
    }
}

KERNEL_TEST_CASE(
    "a main process that its own parent reaps has its status where the kernel tells of it") {
  const Cleanup cleanup;
  Running running(Words{"-w", "--notify=socket", "--json"} +
                  probe("notify", {"fork", "MAINPID=%\nREADY=1", "reap"}));
  running.expect_output("\"ready\"");
  const auto main = running.record("ready").at("pid").get<pid_t>();
  CHECK(parent_of(main) == running.record("start").at("pid"));
  REQUIRE(::kill(main, SIGUSR1) == 0);
  const Finished finished = running.wait();
  if (!kernel_is_at_least(6, 15)) {
    CHECK(finished.exit_code == 125);
    return;
  }
  CHECK(finished.exit_code == 128 + SIGUSR1);
  const Json exit = finished.record("exit");
  CHECK(exit.at("pid") == main);
  CHECK(exit.at("code") == "killed");
  CHECK(exit.at("signal") == "SIGUSR1");
  CHECK(exit.at("cause") == "command");
}

KERNEL_TEST_CASE(
    "a main process is followed however long tether had to wait at its standard error") {
  for (const Words& mode : {Words{"-wv"}, Words{"-d"}, Words{"-d", "--status-file=/dev/null"}}) {
    CAPTURE(joined(mode));
    const Services services;
    Connection pipe = Connection::pipe(2);
    pipe.fill();
    Running running(mode + Words{"--notify=socket", "--json"} + services.by_pidfile() +
                        probe("notify", {"fork", "MAINPID=%\nREADY=1", "leave:0"}),
                    pipe.as(2));
    const pid_t first = running.child();
    // What there is to say about the start has no room yet.
    REQUIRE(eventually([first] { return !is_alive(first); }));
    CHECK_FALSE(pipe.read_available().empty());
    running.expect_output("\"ready\"");
    const auto main = running.record("ready").at("pid").get<pid_t>();
    CHECK(main != first);
    CHECK(services.content() == std::to_string(main) + "\n");
    CHECK(services.stop().exit_code == 0);
    CHECK_FALSE(is_alive(main));
    CHECK(running.wait().exit_code == (mode[0] == "-wv" ? 143 : 0));
    CHECK(OrphanCollector().all_are_gone());
  }
}

namespace {

// A directory that nobody without privileges can make a file in, for as long as this lives.
class ReadOnly {
 public:
  explicit ReadOnly(std::string path) : path_(std::move(path)) {
    REQUIRE(::chmod(path_.c_str(), 0555) == 0);
  }
  ReadOnly(const ReadOnly&) = delete;
  ReadOnly& operator=(const ReadOnly&) = delete;
  ~ReadOnly() { (void)::chmod(path_.c_str(), 0777); }

 private:
  std::string path_;
};

}  // namespace

TEST_CASE("a pidfile that cannot follow the main process keeps nobody waiting at its lock") {
  const Services services;
  const Rein rein(services);
  const Setup user = unprivileged();
  Running running(
      Words{"-w", "--notify=socket", "--json"} + services.by_pidfile() +
          probe("notify", {"await:" + rein.path(), "fork", "MAINPID=%\nREADY=1", "leave:0"}),
      user);
  const pid_t first = running.child();
  const ReadOnly directory(services.path(""));
  rein.let_go();
  running.expect_output("\"ready\"");
  CHECK(running.record("ready").at("pid") != first);
  REQUIRE(eventually([first] { return !is_alive(first); }));
  CHECK(services.content() == std::to_string(first) + "\n");
  // Not 125, as for a lock that cannot be had.
  CHECK(services.stop({}, user).exit_code == 1);
  running.send(SIGTERM);
  CHECK(running.wait().exit_code == 143);
}
