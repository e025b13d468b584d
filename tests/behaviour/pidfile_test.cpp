// --pidfile: what it holds and when, and who is believed to run by it.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <thread>

#include "services.hpp"

using namespace tether::test;

namespace {

std::string already_running(pid_t pid, const std::string& path) {
  return "tether: already running as process " + std::to_string(pid) + ": '" + path + "'";
}

// A process that reads `path` all the time and counts the times that it was not there whole.
class Poller {
 public:
  explicit Poller(const std::string& path) {
    std::array<int, 2> results{};
    std::array<int, 2> life{};
    REQUIRE(::pipe2(results.data(), O_CLOEXEC) == 0);
    REQUIRE(::pipe2(life.data(), O_CLOEXEC) == 0);
    pid_ = ::fork();
    if (pid_ == 0) {
      (void)::close(life[1]);
      watch(path, life[0], results[1]);
    }
    (void)::close(results[1]);
    (void)::close(life[0]);
    results_.reset(results[0]);
    life_.reset(life[1]);
  }
  struct Counts {
    int whole = 0;
    int broken = 0;
  };
  Counts stop() {
    life_.reset();
    Counts counts;
    REQUIRE(::read(results_.get(), &counts, sizeof counts) == sizeof counts);
    REQUIRE(::waitpid(pid_, nullptr, 0) == pid_);
    return counts;
  }

 private:
  [[noreturn]] static void watch(const std::string& path, int life, int results) {
    Counts counts;
    pollfd end{life, POLLIN, 0};
    while (::poll(&end, 1, 0) == 0) {
      const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
      if (fd < 0) continue;
      std::array<char, 64> text{};
      const ssize_t size = ::read(fd, text.data(), text.size());
      (void)::close(fd);
      const bool whole =
          size > 1 && text[static_cast<std::size_t>(size) - 1] == '\n' &&
          std::strspn(text.data(), "0123456789") + 1 == static_cast<std::size_t>(size);
      ++(whole ? counts.whole : counts.broken);
    }
    (void)!::write(results, &counts, sizeof counts);
    ::_exit(0);
  }

  pid_t pid_ = -1;
  tether::UniqueFd results_;
  tether::UniqueFd life_;
};

}  // namespace

TEST_CASE("the pidfile holds the pid and a newline before COMMAND's first instruction") {
  for (const Words& mode : {Words{}, Words{"--exec"}, Words{"-dq"}, Words{"-dq", "--autokill"},
                            Words{"--autoreap"}, Words{"-dq", "--status-file=status"}}) {
    CAPTURE(mode);
    const Services services;
    const std::string out = services.path("out");
    Setup setup;
    setup.before_exec = [&services] { (void)!::chdir(services.path("").c_str()); };
    const Finished finished = run(mode + services.by_pidfile() +
                                      Words{"--nnp", "--stdout=" + out, "--", "/bin/sh", "-c",
                                            "read pid < pid; echo $pid $$; exec wc -l < pid"},
                                  setup);
    CHECK_MESSAGE(finished.exit_code == 0, finished.err);
    const auto lines = [&] {
      const std::string text = read_file(out);
      return std::count(text.begin(), text.end(), '\n');
    };
    REQUIRE(eventually([&] { return lines() == 2; }));
    std::istringstream said(read_file(out));
    std::string named;
    std::string own;
    int count = 0;
    said >> named >> own >> count;
    CHECK(named == own);
    CHECK(count == 1);
  }
}

TEST_CASE("the pidfile is readable by all and its identity by its owner only") {
  const Services services;
  (void)services.start();
  struct stat file {};
  REQUIRE(::stat(services.path().c_str(), &file) == 0);
  const mode_t mask = ::umask(0);
  (void)::umask(mask);
  CHECK((file.st_mode & 07777) == (0644 & ~mask));
  REQUIRE(::stat(services.path("pid.tether").c_str(), &file) == 0);
  CHECK((file.st_mode & 07777) == 0600);
}

TEST_CASE("the pidfile is never seen empty or partial") {
  const Services services;
  Poller poller(services.path());
  for (int round = 0; round < 15; ++round) {
    // Removed by tether, then left and replaced.
    CHECK(run(services.by_pidfile() + probe("exit", {"0"})).exit_code == 0);
    for (int again = 0; again < 2; ++again) {
      const pid_t child = services.start(probe("exit", {"0"}));
      REQUIRE(is_gone(child));
    }
  }
  const Poller::Counts counts = poller.stop();
  CHECK(counts.whole > 0);
  CHECK(counts.broken == 0);
}

TEST_CASE("of twenty starts at once one makes a child and the others name it") {
  for (const Words& mode :
       {Words{"-dq"}, Words{"--autoreap"}, Words{"-dq", "--nnp", "--autokill"}, Words{"--exec"}}) {
    CAPTURE(mode);
    const Services services;
    std::vector<std::unique_ptr<Running>> starts;
    for (int i = 0; i < 20; ++i)
      starts.push_back(std::make_unique<Running>(mode + services.by_pidfile() + probe("sleep")));
    REQUIRE(eventually([&] { return exists(services.path()); }));
    const pid_t winner = std::stoi(services.content());
    const bool stays = mode[0] != "-dq";
    int losers = 0;
    int winners = 0;
    for (auto& start : starts) {
      const bool is_winner =
          start->pid() == winner || status_of(winner, "PPid") == std::to_string(start->pid());
      if (stays && is_winner) {
        ++winners;
        continue;
      }
      const Finished finished = start->wait();
      if (finished.exit_code == 0) ++winners;
      if (finished.exit_code != 125) continue;
      ++losers;
      CHECK(finished.first_error_line() == already_running(winner, services.path()));
    }
    CHECK(winners == 1);
    CHECK(losers == 19);
    CHECK(services.content() == std::to_string(winner) + "\n");
    CHECK(state_of(winner).has_value());
  }
}

TEST_CASE("a second start fails long after the first tether has gone and harms nothing") {
  const Services services;
  const pid_t first = services.start();
  const std::string identity = services.identity();
  for (const Words& mode : {Words{"-d"}, Words{}, Words{"--exec"}}) {
    CAPTURE(mode);
    const Finished again = run(mode + services.by_pidfile() + probe("exit", {"0"}));
    CHECK(again.exit_code == 125);
    CHECK(again.first_error_line() == already_running(first, services.path()));
  }
  const Finished told = run(Words{"-d", "--json"} + services.by_pidfile() + probe("exit", {"0"}));
  CHECK(told.record("error").at("stage") == "running");
  CHECK(told.record("error").at("exit_status") == 125);
  CHECK(told.record("start").is_null());
  CHECK(services.content() == std::to_string(first) + "\n");
  CHECK(services.identity() == identity);
  CHECK(is_alive(first));
}

TEST_CASE("a pidfile whose process was killed is replaced") {
  const Services services;
  for (const Words& more : {Words{}, Words{"--nnp", "--autokill"}}) {
    CAPTURE(more);
    // Both are killed, so that nobody was left to remove the files.
    Running running(more + services.by_pidfile() + probe("sleep"));
    running.expect_output("ready");
    const pid_t child = std::stoi(services.content());
    running.send(SIGSTOP);
    REQUIRE(eventually([&] { return state_of(running.pid()) == 'T'; }));
    REQUIRE(::kill(child, SIGKILL) == 0);
    running.send(SIGKILL);
    CHECK(running.wait().signal == SIGKILL);
    REQUIRE(is_gone(child));
    CHECK(services.content() == std::to_string(child) + "\n");
    services.check_replaced();
    kill_and_reap(std::stoi(services.content()));
  }
}

TEST_CASE("a service that is a zombie does not run") {
  const Services services;
  // Its parent, this test, has not waited for it yet; where the kernel reaps it there is none.
  const pid_t child = services.start(probe("exit", {"0"}));
  REQUIRE(eventually([child] { return !is_alive(child); }));
  services.check_replaced();
}

TEST_CASE("an identity of before a reboot or of another place is not believed") {
  const std::string boot = "01234567-89ab-cdef-0123-456789abcdef";
  for (const auto& [word, value] :
       {std::pair<std::size_t, std::string>{1, boot}, {2, "4026530000"}}) {
    CAPTURE(word);
    const Services services;
    const pid_t stranger = services.start();
    services.change_identity(word, value);
    services.check_replaced();
    CHECK(services.content() != std::to_string(stranger) + "\n");
    CHECK(is_alive(stranger));
  }
}

TEST_CASE("an identity with the right number and another time is not believed") {
  const Services services;
  const pid_t stranger = services.start();
  // What a reused pid looks like: by the inode where there is one, else by the time.
  services.change_identity(3, "1");
  services.change_identity(4, kernel_is_at_least(6, 9) ? "1" : "0");
  services.check_replaced();
  CHECK(is_alive(stranger));
}

TEST_CASE("a pidfile that names a stranger is replaced") {
  const std::string stranger = std::to_string(::getpid());
  SUBCASE("alone") {
    const Services services;
    services.write("pid", stranger + "\n");
    services.check_replaced();
  }
  SUBCASE("beside the identity of a dead process") {
    const Services services;
    kill_and_reap(services.start());
    services.write("pid", stranger + "\n");
    services.check_replaced();
  }
  SUBCASE("beside the identity of a living one that it does not name") {
    const Services services;
    (void)services.start();
    services.write("pid", stranger + "\n");
    services.check_replaced();
  }
}

TEST_CASE("files that hold no pid are replaced") {
  for (const std::string name : {"pid", "pid.tether"})
    for (const std::string& content :
         {std::string(), std::string("\n"), std::string("garbage\n"), std::string("-1\n"),
          std::string("0\n"), std::string("99999999999999999999\n"), std::string("1"),
          std::string("\0\0\0\n", 4), std::string(100000, '7')}) {
      CAPTURE(name);
      CAPTURE(content.substr(0, 30));
      const Services services;
      services.write(name, content);
      services.check_replaced();
    }
}

TEST_CASE("a child of COMMAND that outlives it does not keep it running") {
  const Services services;
  const pid_t child = services.start(
      {"--keep-fd=0", "--", "/bin/sh", "-c", "sleep 1000 & echo $! > " + services.path("left")});
  REQUIRE(is_gone(child));
  const pid_t left = std::stoi(read_file(services.path("left")));
  REQUIRE(state_of(left).has_value());
  services.check_replaced();
}

TEST_CASE("a start that fails leaves no pidfile") {
  const Services services;
  services.write("text", "no program\n");
  const std::pair<Words, int> starts[] = {
      {{"/no/such"}, 127},
      {{services.path("text")}, 126},
      {{"-C", services.path("no-such"), "true"}, 125},
      {{"--stdout=" + services.path("no/such"), "true"}, 125},
      {{"--keep-fd=77", "true"}, 125},
      {{"--nnp", "--autokill", "/no/such"}, 127},
  };
  for (const auto& [words, status] : starts)
    for (const Words& mode : {Words{}, Words{"-d"}, Words{"-d", "--status-file=/dev/null"}}) {
      CAPTURE(mode);
      CAPTURE(words);
      CHECK(run(mode + services.by_pidfile() + words).exit_code == status);
      CHECK(services.is_clean());
    }
  for (const Words& words : {Words{"/no/such"}, Words{services.path("text")}}) {
    CHECK(run(Words{"--exec"} + services.by_pidfile() + words).exit_code >= 126);
    CHECK(services.is_clean());
  }
}

TEST_CASE("a service that was not ready in time leaves no pidfile") {
  const Services services;
  for (const Words& mode : {Words{}, Words{"-d"}, Words{"-d", "--status-file=/dev/null"}}) {
    CAPTURE(mode);
    CHECK(run(mode + services.by_pidfile() + Words{"--notify=fd:3", "--ready-timeout=50ms"} +
              probe("sleep"))
              .exit_code == 124);
    CHECK(services.is_clean());
  }
}

TEST_CASE("an error before the spawn leaves a stale pidfile as it was") {
  const Services services;
  kill_and_reap(services.start());
  const std::string pid = services.content();
  const std::string identity = services.identity();
  CHECK(run(Words{"-d", "-C", services.path("no-such")} + services.by_pidfile() + Words{"true"})
            .exit_code == 125);
  CHECK(services.content() == pid);
  CHECK(services.identity() == identity);
  // What came as far as a child may have replaced it, but is not named by it.
  CHECK(run(Words{"-d"} + services.by_pidfile() + Words{"/no/such"}).exit_code == 127);
  CHECK((services.is_clean() || services.content() == pid));
}

TEST_CASE("a directory that is not there is an error before anything runs") {
  const Services services;
  const std::string path = services.path("no/such/pid");
  const Finished finished =
      run({"-d", "--pidfile=" + path, "--", "/bin/sh", "-c", "echo > " + services.path("made")});
  CHECK(finished.exit_code == 125);
  CHECK(finished.first_error_line().find("No such file or directory") != std::string::npos);
  CHECK_FALSE(exists(services.path("made")));
}

TEST_CASE("a pidfile is never a directory, a FIFO or a device") {
  const Services services;
  REQUIRE(::mkdir(services.path("directory").c_str(), 0755) == 0);
  REQUIRE(::mkfifo(services.path("fifo").c_str(), 0644) == 0);
  for (const std::string& path :
       {services.path("directory"), services.path("fifo"), std::string("/dev/null")}) {
    CAPTURE(path);
    const Finished finished = run(Words{"-d", "--pidfile=" + path} + probe("exit", {"0"}));
    CHECK(finished.exit_code == 125);
    CHECK(finished.first_error_line() ==
          "tether: cannot use pidfile '" + path + "': it is not a regular file");
    CHECK(exists(path));
    CHECK_FALSE(exists(path + ".tether"));
  }
}

TEST_CASE("root refuses links and what others own") {
  if (!is_root()) {
    MESSAGE("skipped: not root");
    return;
  }
  const Services services;
  services.write("target", "keep me\n");
  std::filesystem::create_symlink("target", services.path("symbolic"));
  std::filesystem::create_symlink("nowhere", services.path("dangling"));
  std::filesystem::create_hard_link(services.path("target"), services.path("hard"));
  services.write("foreign", "1\n");
  REQUIRE(::chown(services.path("foreign").c_str(), 1000, 1000) == 0);
  for (const std::string name : {"symbolic", "dangling", "hard", "foreign"})
    for (const Words& more : {Words{"-d"} + probe("exit", {"0"}), Words{"--stop"},
                              Words{"--exec"} + probe("exit", {"0"})}) {
      CAPTURE(name);
      CAPTURE(more);
      const Finished finished = run(Words{"--pidfile=" + services.path(name)} + more);
      CHECK(finished.exit_code == 125);
      CHECK(finished.first_error_line().rfind(
                "tether: cannot use pidfile '" + services.path(name) + "': ", 0) == 0);
    }
  CHECK(read_file(services.path("target")) == "keep me\n");
  CHECK(read_file(services.path("foreign")) == "1\n");
  CHECK_FALSE(exists(services.path("nowhere")));
}

TEST_CASE("root refuses an identity file that is a link or that others own") {
  if (!is_root()) {
    MESSAGE("skipped: not root");
    return;
  }
  const Services services;
  services.write("target", "keep me\n");
  std::filesystem::create_symlink("target", services.path("pid.tether"));
  CHECK(services.start_again().exit_code == 125);
  std::filesystem::remove(services.path("pid.tether"));
  std::filesystem::create_hard_link(services.path("target"), services.path("pid.tether"));
  CHECK(services.start_again().exit_code == 125);
  std::filesystem::remove(services.path("pid.tether"));
  services.write("pid.tether", "");
  REQUIRE(::chown(services.path("pid.tether").c_str(), 1000, 1000) == 0);
  CHECK(services.start_again().exit_code == 125);
  CHECK(read_file(services.path("target")) == "keep me\n");
  CHECK_FALSE(exists(services.path()));
}

TEST_CASE("a user's pidfile is where the link leads, and one of several names is no obstacle") {
  const Services services;
  const Setup user = unprivileged();
  std::filesystem::create_symlink("target", services.path());
  const pid_t child = services.start(probe("sleep"), user);
  CHECK(std::filesystem::is_symlink(services.path()));
  CHECK(read_file(services.path("target")) == std::to_string(child) + "\n");
  CHECK(services.start_again(user).exit_code == 125);
  kill_and_reap(child);
  std::filesystem::remove(services.path());
  std::filesystem::create_hard_link(services.path("target"), services.path("other"));
  CHECK(run(Words{"--pidfile=" + services.path("target")} + probe("exit", {"0"}), user).exit_code ==
        0);
  // Replaced, as by a rename: the other name keeps what it had.
  CHECK(read_file(services.path("other")) == std::to_string(child) + "\n");
}

TEST_CASE("tether and its keeper remove the pidfile at the end") {
  const Services services;
  CHECK(run(services.by_pidfile() + probe("exit", {"3"})).exit_code == 3);
  CHECK(services.is_clean());
  const Finished kept =
      run(Words{"-dq", "--print-pid", "--status-file=" + services.path("status")} +
          services.by_pidfile() + probe("sleep"));
  REQUIRE(kept.exit_code == 0);
  CHECK(services.content() == kept.out);
  REQUIRE(::kill(std::stoi(kept.out), SIGTERM) == 0);
  CHECK(eventually([&] { return services.is_clean(); }));
}

TEST_CASE("a pidfile that has become another's is not removed at the end") {
  const Services services;
  Running first(services.by_pidfile() + probe("term", {"4"}));
  first.expect_output("ready");
  SUBCASE("by a second service") {
    std::filesystem::remove(services.path());
    std::filesystem::remove(services.path("pid.tether"));
    const pid_t second = services.start();
    first.send(SIGTERM);
    CHECK(first.wait().exit_code == 4);
    CHECK(services.content() == std::to_string(second) + "\n");
    CHECK(services.start_again().exit_code == 125);
  }
  SUBCASE("by hand") {
    services.write("pid", "1\n");
    first.send(SIGTERM);
    CHECK(first.wait().exit_code == 4);
    CHECK(services.content() == "1\n");
  }
}

TEST_CASE("a process that became COMMAND in place runs by its pidfile") {
  const Services services;
  Running running(Words{"--exec"} + services.by_pidfile() + probe("sleep"));
  running.expect_output("ready");
  CHECK(services.content() == std::to_string(running.pid()) + "\n");
  const Finished again = services.start_again();
  CHECK(again.exit_code == 125);
  CHECK(again.first_error_line() == already_running(running.pid(), services.path()));
  const pid_t pid = running.pid();
  Running stop(Words{"--stop"} + services.by_pidfile());
  CHECK(running.wait().signal == SIGTERM);
  CHECK(stop.wait().exit_code == 0);
  CHECK_FALSE(state_of(pid).has_value());
  CHECK(services.is_clean());
}

TEST_CASE("a service whose tether was killed is still running") {
  const Services services;
  Running running(services.by_pidfile() + probe("sleep"));
  running.expect_output("ready");
  const pid_t child = std::stoi(services.content());
  running.send(SIGKILL);
  CHECK(running.wait().signal == SIGKILL);
  CHECK(services.start_again().first_error_line() == already_running(child, services.path()));
  CHECK(run(Words{"--stop"} + services.by_pidfile()).exit_code == 0);
  CHECK(is_gone(child));
  CHECK(services.is_clean());
}

TEST_CASE("a service that /proc may hide from its own user is still found running") {
  const Services services;
  const Setup user = unprivileged();
  // Who cannot read a program cannot look at its process either: with hidepid not even at its name.
  std::filesystem::copy(tool("probe"), services.path("unreadable"));
  REQUIRE(::chmod(services.path("unreadable").c_str(), 0111) == 0);
  const pid_t child = services.start({services.path("unreadable"), "sleep"}, user);
  const Finished again = services.start_again(user);
  CHECK(again.exit_code == 125);
  CHECK(again.first_error_line() == already_running(child, services.path()));
  CHECK(run(Words{"--stop"} + services.by_pidfile(), user).exit_code == 0);
  CHECK(is_gone(child));
}

TEST_CASE("a service that changes its user is still found running") {
  if (!is_root()) {
    MESSAGE("skipped: not root");
    return;
  }
  const Services services;
  const pid_t child = services.start(probe("setuid", {"1000"}));
  REQUIRE(eventually([child] { return status_of(child, "Uid").rfind("1000", 0) == 0; }));
  CHECK(services.start_again().exit_code == 125);
  CHECK(run(Words{"--stop", "-q"} + services.by_pidfile()).exit_code == 0);
  CHECK_FALSE(exists(services.path()));
}

TEST_CASE("--umask and --chdir do not touch the pidfile") {
  const Services services;
  Setup setup;
  setup.before_exec = [&services] {
    (void)!::chdir(services.path("").c_str());
    (void)::umask(022);
  };
  const Finished finished =
      run(Words{"-dq", "--umask=777", "-C", "/", "--pidfile=pid"} + probe("sleep"), setup);
  CHECK(finished.exit_code == 0);
  struct stat file {};
  REQUIRE(::stat(services.path().c_str(), &file) == 0);
  CHECK((file.st_mode & 07777) == 0644);
}
