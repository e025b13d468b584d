// What ends a child: its time, its parent, a process, a descriptor. And that nothing of it runs on
// when the one that sees to it is killed.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <string>

#include "blocked_signal.hpp"
#include "harness.hpp"
#include "sys/pidfd.hpp"
#include "sys/unique_fd.hpp"

using namespace tether::test;
using tether::UniqueFd;

namespace {

// A process that lives until it is told to end, or the test is over.
class Sleeper {
 public:
  Sleeper() : pid_(::fork()) {
    if (pid_ != 0) return;
    (void)::prctl(PR_SET_PDEATHSIG, SIGKILL);
    while (true) ::pause();
  }
  Sleeper(const Sleeper&) = delete;
  Sleeper& operator=(const Sleeper&) = delete;
  ~Sleeper() { end(); }
  void end() {
    if (pid_ <= 0) return;
    (void)::kill(pid_, SIGKILL);
    (void)::waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }
  [[nodiscard]] std::string name() const { return std::to_string(pid_); }
  [[nodiscard]] std::optional<std::uint64_t> inode() const {
    const UniqueFd pidfd(tether::open_pidfd(pid_));
    return tether::pidfs_inode(pidfd.get());
  }

 private:
  pid_t pid_;
};

// A pipe whose reading end tether finds at descriptor 9.
class Line {
 public:
  Line() {
    int ends[2] = {-1, -1};
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    reading_.reset(ends[0]);
    writing_.reset(ends[1]);
  }
  [[nodiscard]] Setup setup() const {
    Setup setup;
    setup.before_exec = [fd = reading_.get()] { (void)::dup2(fd, 9); };
    return setup;
  }
  void write(const std::string& text) const {
    CHECK(::write(writing_.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  }
  [[nodiscard]] std::string read() const {
    char buffer[64];
    const ssize_t size = ::read(reading_.get(), buffer, sizeof buffer);
    return size > 0 ? std::string(buffer, static_cast<std::size_t>(size)) : std::string();
  }
  void hang_up() { writing_.reset(); }

 private:
  UniqueFd reading_;
  UniqueFd writing_;
};

void check_ended(const Finished& finished, const std::string& cause, int exit_status) {
  CHECK(finished.exit_code == exit_status);
  const Json exit = finished.record("exit");
  REQUIRE(!exit.is_null());
  CHECK(exit.at("cause") == cause);
  CHECK(exit.at("exit_status") == exit_status);
  CHECK(finished.record("start").at("guarantees").at("supervisor").is_string());
}

}  // namespace

KERNEL_TEST_CASE("a COMMAND whose time is up is ended and the status is 124") {
  for (const std::string option : {"--timeout=200ms", "-t0.2", "-t200ms"}) {
    CAPTURE(option);
    const Finished finished = run(Words{option, "--json"} + probe("sleep"));
    check_ended(finished, "timeout", 124);
    CHECK(finished.record("exit").at("signal") == "SIGTERM");
    CHECK(finished.record("exit").at("escalated") == false);
  }
  // Its own status where that is wanted, and when it was in time.
  CHECK(run(Words{"-t0.2", "--preserve-status"} + probe("sleep")).exit_code == 143);
  CHECK(run(Words{"-t30"} + probe("exit", {"7"})).exit_code == 7);
  for (const std::string none : {"--timeout=0", "--timeout=inf"})
    CHECK(run(Words{none, "--json"} + probe("burn", {"20"})).record("exit").at("cause") ==
          "command");
}

KERNEL_TEST_CASE("what does not end by the first signal is killed and the record says so") {
  const Finished finished =
      run(Words{"-t0.2", "-s", "USR1", "-k0.2", "--json"} + probe("sleep"), with_blocked(SIGUSR1));
  check_ended(finished, "timeout", 124);
  CHECK(finished.record("exit").at("signal") == "SIGKILL");
  CHECK(finished.record("exit").at("escalated") == true);
}

KERNEL_TEST_CASE("a stopped COMMAND is continued so that it can act on the signal") {
  Line line;
  // Where nobody could continue it, tether does not stop as well.
  Setup setup;
  setup.before_exec = [lead = line.setup().before_exec] {
    (void)::setsid();
    lead();
  };
  Running running(Words{"--die-on-eof=9", "-k", "inf", "--json"} + probe("term", {"9"}), setup);
  running.expect_output("ready");
  const pid_t child = running.child();
  REQUIRE(::kill(child, SIGSTOP) == 0);
  REQUIRE(eventually([&] { return state_of(child) == 'T'; }));
  line.hang_up();
  check_ended(running.wait(), "eof", 9);
}

KERNEL_TEST_CASE("a COMMAND ends when a process that it is tied to dies") {
  Sleeper first;
  Sleeper second;
  Running running(
      Words{"--die-with-pid=" + first.name(), "--die-with-pid", second.name(), "--json"} +
      probe("sleep"));
  running.expect_output("ready");
  second.end();
  check_ended(running.wait(), "pid", 143);
}

KERNEL_TEST_CASE("a process that is gone or is another by now is an error and nothing is run") {
  const TemporaryDirectory directory;
  const Words touch{"--", "/bin/sh", "-c", "touch " + directory.path("made")};
  Sleeper sleeper;
  const std::string name = sleeper.name();
  if (const auto inode = sleeper.inode()) {
    const std::string right = std::to_string(*inode);
    CHECK(run(Words{"--die-with-pid=" + name + ":" + right} + probe("exit", {"4"})).exit_code == 4);
    const std::string wrong = std::to_string(*inode + 1);
    CHECK(run(Words{"--die-with-pid=" + name + ":" + wrong} + touch).exit_code == 125);
  }
  sleeper.end();
  const Finished finished = run(Words{"--die-with-pid=" + name, "--json"} + touch);
  CHECK(finished.exit_code == 125);
  CHECK(finished.first_error_line() == "tether: --die-with-pid=" + name + ": No such process");
  CHECK(finished.record("error").at("stage") == "tie");
  CHECK(run(Words{"--die-on-eof=77"} + touch).exit_code == 125);
  CHECK_FALSE(exists(directory.path("made")));
}

KERNEL_TEST_CASE("a COMMAND ends when its tether's parent is killed") {
  const TemporaryDirectory directory;
  for (const std::string mode : {"", "-dq "}) {
    CAPTURE(mode);
    const std::string status = directory.path("status" + mode);
    Setup setup;
    // The parent is a shell that nothing but SIGKILL ends.
    setup.wrapper = {"/bin/sh", "-c",
                     "\"$@\" & while [ ! -s \"" + status + "\" ]; do sleep 0.05; done; kill -9 $$",
                     "sh"};
    Words words{"--die-with-parent", "--status-file=" + status};
    if (!mode.empty()) words.insert(words.begin(), "-dq");
    Running running(words + probe("sleep"), setup);
    CHECK(running.wait().signal == SIGKILL);
    REQUIRE(eventually(
        [&] { return read_file(status).find("\"record\":\"exit\"") != std::string::npos; }));
    const auto records = parse_records(read_file(status));
    CHECK(records.back().at("cause") == "parent");
    CHECK(OrphanCollector().is_gone(records.back().at("pid")));
  }
}

KERNEL_TEST_CASE("a COMMAND ends at the hang-up of a descriptor once all is read") {
  Line line;
  Running running(Words{"--die-on-eof=9", "--json"} + probe("sleep"), line.setup());
  running.expect_output("ready");
  line.write("left");
  line.hang_up();
  // tether reads nothing: what was written is still there, and COMMAND lives as long as it is.
  CHECK(state_of(running.child()).has_value());
  CHECK(line.read() == "left");
  check_ended(running.wait(), "eof", 143);
}

KERNEL_TEST_CASE("COMMAND has no copy of the descriptor but of standard input") {
  const Line line;
  const Finished finished = run(Words{"--die-on-eof=9"} + probe("fds"), line.setup());
  CHECK(finished.out.find(" 9 ") == std::string::npos);

  Running running({"--die-on-eof=0", "--json", "--", "/bin/sh", "-c",
                   "read request; echo \"got $request\"; sleep 1000"});
  running.write_input("something\n");
  running.expect_output("got something");
  running.close_input();
  check_ended(running.wait(), "eof", 143);
}

KERNEL_TEST_CASE("a tied COMMAND does not run on when tether or its keeper is killed") {
  for (const bool detached : {false, true}) {
    CAPTURE(detached);
    const OrphanCollector orphans;
    Words words{"--timeout=1000s", "--json", "--print-pid"};
    if (detached) words.insert(words.begin(), "-dq");
    Running running(words + probe("sleep"));
    const pid_t child = running.child();
    running.expect_output("supervisor_pid");
    const pid_t keeper = running.record("start").at("supervisor_pid");
    if (detached) CHECK(running.wait().exit_code == 0);
    CHECK(::kill(keeper, SIGKILL) == 0);
    CHECK(orphans.is_gone(child));
  }
}
