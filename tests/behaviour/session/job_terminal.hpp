// A terminal with a job-control shell that this file plays.
#pragma once

#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <string>
#include <vector>

#include "pseudo_terminal.hpp"

namespace tether::test {

// A session on a terminal of its own whose leader runs one foreground job, tether, and tells of its
// stops, its continuations and its end as "stopped N", "continued PID", "exited N" or "killed N".
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
  void resize(unsigned short columns, unsigned short rows) const {
    const winsize size{rows, columns, 0, 0};
    REQUIRE(::ioctl(terminal_.master(), TIOCSWINSZ, &size) == 0);
  }
  // What was written to the terminal so far, once it has `text`.
  const std::string& expect(const std::string& text) { return terminal_.expect(text); }
  void expect_next(const std::string& text) { terminal_.expect_next(text); }
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
      tell(events, "continued", job);
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

inline constexpr char ctrl_c = 3;
inline constexpr char ctrl_d = 4;
inline constexpr char ctrl_z = 26;
inline constexpr char ctrl_backslash = 28;

inline std::size_t occurrences(const std::string& text, const std::string& word) {
  std::size_t count = 0;
  for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1))
    ++count;
  return count;
}

inline pid_t only_child_of(pid_t pid) {
  const std::string number = std::to_string(pid);
  const std::string list = read_file("/proc/" + number + "/task/" + number + "/children");
  return list.empty() ? 0 : std::stoi(list);
}

}  // namespace tether::test
