// --pidfile: of those who start by it at once one does, and who reads it meanwhile finds it whole.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstring>
#include <memory>

#include "detached.hpp"
#include "readiness.hpp"

using namespace tether::test;

namespace {

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

TEST_CASE("the pidfile is never seen empty or partial") {
  const Services services;
  Poller poller(services.path());
  for (int round = 0; round < rounds(15); ++round) {
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
    starts.reserve(20);
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

KERNEL_TEST_CASE("a second start fails long after the first tether has gone and harms nothing") {
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

namespace {

// The lock of a start that takes its time, for as long as this lives.
class HeldLock {
 public:
  explicit HeldLock(const Services& services) : path_(services.path("pid.tether")) {
    lock_.reset(::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    REQUIRE(::flock(lock_.get(), LOCK_EX | LOCK_NB) == 0);
    path_ = canonical(path_);
  }
  // Whether `start`, or its keeper, has come as far as the lock.
  [[nodiscard]] bool is_awaited_by(pid_t start) const {
    std::vector<pid_t> candidates = children_of(start);
    candidates.push_back(start);
    return std::any_of(candidates.begin(), candidates.end(), [this](pid_t pid) {
      for (int fd = 3; fd < 32; ++fd)
        if (link_of(pid, "fd/" + std::to_string(fd)) == path_) return true;
      return false;
    });
  }

 private:
  std::string path_;
  tether::UniqueFd lock_;
};

}  // namespace

TEST_CASE("of five starts at once with one log the winner loses nothing that it says there") {
  for (const Words& mode : {Words{"-dq"}, Words{"-dq", "--status-file=/dev/null"}})
    for (int round = 0; round < 5; ++round) {
      CAPTURE(joined(mode));
      CAPTURE(round);
      const Services services;
      const std::string log = services.path("log");
      // It writes when the others are gone.
      const Rein rein(services);
      const std::string script = "read x < " + rein.path() + "; echo won; exec sleep 1000";
      const Words words =
          mode + services.by_pidfile() + Words{"--log=" + log, "--", "/bin/sh", "-c", script};
      std::vector<std::unique_ptr<Running>> starts;
      {
        // So that all are at it when it is decided.
        const HeldLock lock(services);
        for (int i = 0; i < 5; ++i) starts.push_back(std::make_unique<Running>(words));
        for (const auto& start : starts)
          REQUIRE(eventually([&] { return lock.is_awaited_by(start->pid()); }));
      }
      int winners = 0;
      for (auto& start : starts) winners += start->wait().exit_code == 0 ? 1 : 0;
      CHECK(winners == 1);
      rein.let_go();
      CHECK(eventually([&] { return read_file(log) == "won\n"; }));
    }
}
