// A real pseudo-terminal, with a job-control shell that this file plays.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <optional>

#include "pseudo_terminal.hpp"

using namespace tether::test;

namespace {

// A session on a terminal of its own whose leader runs one foreground job, tether, and tells of its
// stops and its end as "stopped N", "exited N" or "killed N".
class Terminal {
 public:
  enum class Start { foreground, background };

  explicit Terminal(const Words& arguments, Start start = Start::foreground) {
    std::array<int, 2> events{};
    std::array<int, 2> orders{};
    REQUIRE(::pipe2(events.data(), O_CLOEXEC) == 0);
    REQUIRE(::pipe2(orders.data(), O_CLOEXEC) == 0);
    shell_ = ::fork();
    if (shell_ == 0)
      be_shell(terminal_.path(), Words{tether_binary()} + arguments, events[1], orders[0], start);
    (void)::close(events[1]);
    (void)::close(orders[0]);
    events_.reset(events[0]);
    orders_.reset(orders[1]);
  }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;
  ~Terminal() {
    if (job_ > 0) (void)::kill(-job_, SIGKILL);
    (void)::kill(shell_, SIGKILL);
    (void)::waitpid(shell_, nullptr, 0);
    end_all_children();
  }

  void type(char key) const { REQUIRE(::write(terminal_.master(), &key, 1) == 1); }
  // What was written to the terminal so far, once it has `text`.
  const std::string& expect(const std::string& text) { return terminal_.expect(text); }
  void expect_event(const std::string& text) {
    REQUIRE_MESSAGE(shell_says(text + "\n"), "the shell said: ", said_);
    said_.erase(0, said_.find(text) + text.size() + 1);
  }
  // fg: the terminal to the job, SIGCONT to all of it.
  void foreground() const { REQUIRE(::write(orders_.get(), "f", 1) == 1); }
  pid_t job() {
    if (job_ == 0) {
      REQUIRE(shell_says("job "));
      REQUIRE(shell_says("\n"));
      job_ = std::stoi(said_.substr(4));
      said_.erase(0, said_.find('\n') + 1);
    }
    return job_;
  }
  [[nodiscard]] pid_t foreground_group() const { return ::tcgetpgrp(terminal_.master()); }

 private:
  bool shell_says(const std::string& text) {
    std::array<char, 4096> buffer;
    pollfd readable{events_.get(), POLLIN, 0};
    while (said_.find(text) == std::string::npos) {
      if (::poll(&readable, 1, 30000) <= 0) return false;
      const ssize_t got = ::read(events_.get(), buffer.data(), buffer.size());
      if (got <= 0) return false;
      said_.append(buffer.data(), static_cast<std::size_t>(got));
    }
    return true;
  }

  static void tell(int fd, const char* what, int number) {
    const std::string line = std::string(what) + " " + std::to_string(number) + "\n";
    (void)!::write(fd, line.data(), line.size());
  }

  [[noreturn]] static void be_shell(const std::string& slave, Words words, int events, int orders,
                                    Start start) {
    (void)::setsid();
    const int terminal = ::open(slave.c_str(), O_RDWR | O_CLOEXEC);
    (void)::ioctl(terminal, TIOCSCTTY, 0);
    (void)::signal(SIGTTOU, SIG_IGN);
    const pid_t job = ::fork();
    if (job == 0) {
      (void)::setpgid(0, 0);
      if (start == Start::foreground) (void)::tcsetpgrp(terminal, ::getpid());
      (void)::signal(SIGTTOU, SIG_DFL);
      for (int fd = 0; fd < 3; ++fd) (void)::dup2(terminal, fd);
      std::vector<char*> argv;
      for (std::string& word : words) argv.push_back(word.data());
      argv.push_back(nullptr);
      (void)::execv(argv[0], argv.data());
      ::_exit(96);
    }
    (void)::setpgid(job, job);
    tell(events, "job", job);
    int status = 0;
    while (::waitpid(job, &status, WUNTRACED) == job) {
      if (WIFEXITED(status)) tell(events, "exited", WEXITSTATUS(status));
      if (WIFSIGNALED(status)) tell(events, "killed", WTERMSIG(status));
      if (!WIFSTOPPED(status)) break;
      (void)::tcsetpgrp(terminal, ::getpgrp());
      tell(events, "stopped", WSTOPSIG(status));
      char order = 0;
      if (::read(orders, &order, 1) != 1) break;
      (void)::tcsetpgrp(terminal, job);
      (void)::kill(-job, SIGCONT);
    }
    // Stays, so that the terminal does: its end would hang up whoever is left.
    while (true) ::pause();
  }

  PseudoTerminal terminal_;
  tether::UniqueFd events_;
  tether::UniqueFd orders_;
  pid_t shell_ = -1;
  pid_t job_ = 0;
  std::string said_;
};

constexpr char ctrl_c = 3;
constexpr char ctrl_d = 4;
constexpr char ctrl_z = 26;
constexpr char ctrl_backslash = 28;

std::size_t occurrences(const std::string& text, const std::string& word) {
  std::size_t count = 0;
  for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1))
    ++count;
  return count;
}

pid_t only_child_of(pid_t pid) {
  const std::string number = std::to_string(pid);
  const std::string list = read_file("/proc/" + number + "/task/" + number + "/children");
  return list.empty() ? 0 : std::stoi(list);
}

}  // namespace

TEST_CASE("an interrupt typed at the terminal reaches a child in the same group once") {
  Terminal terminal(probe("catch"));
  terminal.expect("ready");
  terminal.type(ctrl_c);
  terminal.expect("got 2");
  // tether has had its copy by the time it passes this one on.
  REQUIRE(::kill(terminal.job(), SIGUSR1) == 0);
  terminal.expect("got 10");
  REQUIRE(::kill(terminal.job(), SIGUSR2) == 0);
  CHECK(occurrences(terminal.expect("got 12"), "got 2") == 1);
  terminal.expect_event("exited 0");
}

TEST_CASE("a shell sees that its job died of the interrupt") {
  for (const auto& [key, signal] :
       {std::pair{ctrl_c, SIGINT}, std::pair{ctrl_backslash, SIGQUIT}}) {
    for (const Words& ours :
         {Words{}, Words{"--autoreap"}, Words{"--setpgid"}, Words{"--autokill", "--nnp"}}) {
      CAPTURE(ours);
      Terminal terminal(ours + probe("sleep"));
      terminal.expect("ready");
      terminal.type(key);
      terminal.job();
      terminal.expect_event("killed " + std::to_string(signal));
    }
  }
}

TEST_CASE("a child in a session of its own gets the interrupt from tether") {
  Terminal terminal(Words{"--setsid"} + probe("catch"));
  terminal.expect("ready");
  terminal.type(ctrl_c);
  terminal.expect("got 2");
  REQUIRE(::kill(terminal.job(), SIGUSR2) == 0);
  CHECK(occurrences(terminal.expect("got 12"), "got 2") == 1);
  terminal.expect_event("exited 0");
}

TEST_CASE("a stop typed at the terminal stops both and the foreground continues both") {
  for (const Words& ours : {Words{}, Words{"--autoreap"}, Words{"--setpgid"}}) {
    CAPTURE(ours);
    Terminal terminal(ours + probe("sleep"));
    terminal.expect("ready");
    const pid_t tether = terminal.job();
    const pid_t child = only_child_of(tether);
    REQUIRE(child > 0);
    for (int round = 0; round < 3; ++round) {
      terminal.type(ctrl_z);
      terminal.expect_event("stopped " + std::to_string(SIGTSTP));
      CHECK(state_of(child) == 'T');
      CHECK(state_of(tether) == 'T');
      terminal.foreground();
      CHECK(eventually([&] { return state_of(child) == 'S' && state_of(tether) == 'S'; }));
      const pid_t group = ours == Words{"--setpgid"} ? child : tether;
      CHECK(eventually([&] { return terminal.foreground_group() == group; }));
    }
    terminal.type(ctrl_c);
    terminal.expect_event("killed " + std::to_string(SIGINT));
  }
}

TEST_CASE("a group started in the background gets the terminal when its job does") {
  Terminal terminal(Words{"--setpgid"} + probe("input"), Terminal::Start::background);
  const pid_t tether = terminal.job();
  // Reading from the background stops it, and tether with it.
  terminal.expect_event("stopped " + std::to_string(SIGTTIN));
  terminal.foreground();
  const pid_t child = only_child_of(tether);
  CHECK(eventually([&] { return terminal.foreground_group() == child && state_of(child) == 'S'; }));
  terminal.type(ctrl_d);
  terminal.expect_event("exited 0");
}

TEST_CASE("a child stopped by somebody else stops tether and SIGCONT to tether continues both") {
  Terminal terminal(probe("sleep"));
  terminal.expect("ready");
  const pid_t tether = terminal.job();
  const pid_t child = only_child_of(tether);
  REQUIRE(::kill(child, SIGSTOP) == 0);
  terminal.expect_event("stopped " + std::to_string(SIGTSTP));
  REQUIRE(::kill(tether, SIGCONT) == 0);
  CHECK(eventually([&] { return state_of(child) == 'S' && state_of(tether) == 'S'; }));
}

TEST_CASE("tether never stops itself in an orphaned group") {
  Running running(Words{"--setsid", "--print-pid"} + probe("sleep"), [] {
    Setup setup;
    setup.before_exec = [] { (void)::setsid(); };
    return setup;
  }());
  running.expect_output("ready");
  const pid_t child = running.child();
  REQUIRE(::kill(child, SIGSTOP) == 0);
  CHECK(eventually([&] { return state_of(child) == 'T'; }));
  // It is still there to be asked: SIGCONT is passed on, and the end is seen.
  running.send(SIGCONT);
  CHECK(eventually([&] { return state_of(child) == 'S'; }));
  CHECK(state_of(running.pid()) != 'T');
  running.send(SIGTERM);
  CHECK(running.wait().exit_code == 143);
}

TEST_CASE("the foreground comes back when the exec of a new group fails") {
  Terminal terminal({"--setpgid", "/no/such"});
  const pid_t tether = terminal.job();
  terminal.expect_event("exited 127");
  CHECK(terminal.foreground_group() == tether);
}

TEST_CASE("a stop and an interrupt typed at a group of its own reach the script around it") {
  Terminal terminal({"--exec", "--", "/bin/sh", "-c",
                     "while :; do " + tether_binary() + " --setpgid " + tool("probe") +
                         " sleep; echo round; done"});
  terminal.expect("ready");
  const pid_t script = terminal.job();
  const pid_t group = terminal.foreground_group();
  REQUIRE(group != script);
  terminal.type(ctrl_z);
  terminal.expect_event("stopped " + std::to_string(SIGTSTP));
  terminal.foreground();
  REQUIRE(eventually([&] { return terminal.foreground_group() == group; }));
  terminal.type(ctrl_c);
  terminal.expect_event("killed " + std::to_string(SIGINT));
}

TEST_CASE("a hangup reaches the child of a session leader") {
  for (const Words& ours : {Words{}, Words{"--setpgid"}}) {
    CAPTURE(ours);
    std::optional<PseudoTerminal> terminal(std::in_place);
    Running running(ours + probe("sleep"), terminal->on({}));
    running.expect_output("ready");
    terminal.reset();
    CHECK(running.wait().exit_code == 128 + SIGHUP);
  }
}

TEST_CASE("a new group gets the foreground of the terminal and gives it back") {
  Terminal terminal(
      Words{"--setpgid", "--", "/bin/sh", "-c", tool("probe") + " identity; kill -TERM $$"});
  const std::string screen = terminal.expect("foreground");
  terminal.expect("\n");
  const pid_t tether = terminal.job();
  terminal.expect_event("exited 143");
  CHECK(eventually([&] { return terminal.foreground_group() == tether; }));
  const std::string group = screen.substr(
      screen.find("pgrp ") + 5, screen.find('\r', screen.find("pgrp ")) - screen.find("pgrp ") - 5);
  CHECK(group != std::to_string(tether));
  CHECK(screen.find("foreground " + group) != std::string::npos);
}
