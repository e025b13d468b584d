// Services that run by a pidfile, for the tests of --pidfile and --stop.
#pragma once

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <sstream>
#include <string>

#include "harness.hpp"

namespace tether::test {

// Not so of a zombie, nor of one that the kernel is just releasing (proc(5): Z and X).
inline bool is_alive(pid_t pid) {
  const char state = state_of(pid).value_or('Z');
  return state != 'Z' && state != 'X';
}

inline void kill_and_reap(pid_t pid) {
  REQUIRE(::kill(pid, SIGKILL) == 0);
  REQUIRE(is_gone(pid));
}

// A process of this test that is nobody's service.
inline pid_t fork_bystander() {
  const pid_t pid = ::fork();
  if (pid == 0)
    while (true) ::pause();
  return pid;
}

inline std::string already_running(pid_t pid, const std::string& path) {
  return "tether: already running as process " + std::to_string(pid) + ": '" + path + "'";
}

// A directory in which services run by "pid"; whatever a test leaves running ends with it.
class Services {
 public:
  Services() { REQUIRE(::chmod(directory_.path().c_str(), 0777) == 0); }
  Services(const Services&) = delete;
  Services& operator=(const Services&) = delete;
  ~Services() { end_all_children(); }

  [[nodiscard]] std::string path(const std::string& name = "pid") const {
    return directory_.path(name);
  }
  [[nodiscard]] Words by_pidfile() const { return {"--pidfile=" + path()}; }
  void write(const std::string& name, const std::string& content) const {
    directory_.write(name, content);
  }
  [[nodiscard]] std::string content() const { return read_file(path()); }
  [[nodiscard]] std::string identity() const { return read_file(path("pid.tether")); }
  [[nodiscard]] bool is_clean() const { return !exists(path()) && !exists(path("pid.tether")); }

  // A detached COMMAND, by the pidfile.
  [[nodiscard]] pid_t start(const Words& command = probe("sleep"), const Setup& setup = {}) const {
    const Finished finished = run(Words{"-dq", "--print-pid"} + by_pidfile() + command, setup);
    INFO(finished.err);
    REQUIRE(finished.exit_code == 0);
    REQUIRE(content() == finished.out);
    return std::stoi(finished.out);
  }
  [[nodiscard]] Finished start_again(const Setup& setup = {}) const {
    return run(Words{"-dq", "--print-pid"} + by_pidfile() + probe("sleep"), setup);
  }
  [[nodiscard]] Finished stop(const Words& more = {}, const Setup& setup = {}) const {
    return run(Words{"--stop"} + by_pidfile() + more, setup);
  }
  void check_replaced() const {
    const Finished again = start_again();
    CHECK_MESSAGE(again.exit_code == 0, again.err);
    CHECK(content() == again.out);
    CHECK(identity().rfind(content().substr(0, content().find('\n')) + " ", 0) == 0);
  }
  // Changes one word of the identity: 0 pid, 1 boot, 2 PID namespace, 3 start time, 4 inode.
  void change_identity(std::size_t number, const std::string& to) const {
    std::istringstream line(identity());
    Words words;
    for (std::string word; line >> word;) words.push_back(word);
    REQUIRE(words.size() == 5);
    words[number] = to;
    std::string changed;
    for (const std::string& word : words) changed += (changed.empty() ? "" : " ") + word;
    std::ofstream(path("pid.tether")) << changed << "\n";
  }

 private:
  TemporaryDirectory directory_;
};

inline Setup unprivileged() {
  return is_root() ? as_user(1000) : Setup{};
}

}  // namespace tether::test
