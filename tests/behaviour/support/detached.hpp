// What the tests of detached children see of a process, all of it from outside.
#pragma once

#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "harness.hpp"

namespace tether::test {

// Ends what a test has detached.
struct Cleanup {
  Cleanup() = default;
  Cleanup(const Cleanup&) = delete;
  Cleanup& operator=(const Cleanup&) = delete;
  ~Cleanup() { end_all_children(); }
};

// For the reports of doctest.
inline std::string joined(const Words& words) {
  std::string line;
  for (const std::string& word : words) line += (line.empty() ? "" : " ") + word;
  return line;
}

inline std::string proc(pid_t pid, const std::string& name) {
  return "/proc/" + std::to_string(pid) + "/" + name;
}

inline std::string link_of(pid_t pid, const std::string& name) {
  std::error_code error;
  return std::filesystem::read_symlink(proc(pid, name), error);
}

// Whether the process runs this very file. Not by its path, which another mount namespace or root
// directory has otherwise.
inline bool runs(pid_t pid, const std::string& program) {
  std::error_code error;
  return std::filesystem::equivalent(proc(pid, "exe"), program, error);
}

inline std::string canonical(const std::string& path) {
  return std::filesystem::canonical(path);
}

// Whether `pid` has become the probe for good. A start returns when the exec cannot fail any more,
// which is a moment before it is complete.
inline bool probe_sits(pid_t pid) {
  return eventually([pid] { return runs(pid, tool("probe")) && state_of(pid) == 'S'; });
}

inline std::set<int> descriptors_of(pid_t pid) {
  std::set<int> numbers;
  for (const auto& entry : std::filesystem::directory_iterator(proc(pid, "fd")))
    numbers.insert(std::stoi(entry.path().filename()));
  return numbers;
}

inline std::vector<pid_t> children_of(pid_t pid) {
  std::istringstream list(read_file(proc(pid, "task/" + std::to_string(pid) + "/children")));
  std::vector<pid_t> children;
  for (pid_t child = 0; list >> child;) children.push_back(child);
  return children;
}

inline pid_t parent_of(pid_t pid) {
  const std::string parent = status_of(pid, "PPid");
  return parent.empty() ? 0 : std::stoi(parent);
}

// The device number of its controlling terminal; 0 if it has none.
inline int terminal_of(pid_t pid) {
  const std::string stat = read_file(proc(pid, "stat"));
  std::istringstream fields(stat.substr(stat.rfind(')') + 2));
  std::string skipped;
  int terminal = -1;
  fields >> skipped >> skipped >> skipped >> skipped >> terminal;
  return terminal;
}

// Two ends that see it when the other is closed.
struct Connection {
  UniqueFd ours;
  UniqueFd theirs;

  static Connection pipe(int fd) {
    std::array<int, 2> ends{};
    REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
    const std::size_t mine = fd == STDIN_FILENO ? 1 : 0;
    return {UniqueFd(ends.at(mine)), UniqueFd(ends.at(1 - mine))};
  }
  static Connection socket(int) {
    std::array<int, 2> ends{};
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
    return {UniqueFd(ends[0]), UniqueFd(ends[1])};
  }
  // A caller that has the other end as descriptor `fd`.
  [[nodiscard]] Setup as(int fd) const {
    Setup setup;
    setup.before_exec = [fd, end = theirs.get()] {
      if (::dup2(end, fd) == end) (void)::fcntl(fd, F_SETFD, 0);
    };
    return setup;
  }
  // Leaves no room for who writes at the other end.
  void fill() const {
    REQUIRE(::fcntl(theirs.get(), F_SETFL, O_NONBLOCK) == 0);
    const std::string filling(4096, 'x');
    while (::write(theirs.get(), filling.data(), filling.size()) > 0) {
    }
    REQUIRE(::fcntl(theirs.get(), F_SETFL, 0) == 0);
  }
  // What is there by now; waits for nothing more.
  [[nodiscard]] std::string read_available() const {
    std::string text;
    pollfd readable{ours.get(), POLLIN, 0};
    while (::poll(&readable, 1, 0) > 0 && append_some(text)) {
    }
    return text;
  }
  // Everything until the end of file, which must come.
  std::string read_to_end() {
    theirs.reset();
    std::string text;
    pollfd readable{ours.get(), POLLIN, 0};
    while (::poll(&readable, 1, 30000) > 0)
      if (!append_some(text)) return text;
    FAIL("no end of file");
    return text;
  }
  bool is_closed_over_there() {
    theirs.reset();
    pollfd watched{ours.get(), 0, 0};
    return ::poll(&watched, 1, 30000) == 1 && (watched.revents & (POLLHUP | POLLERR)) != 0;
  }

 private:
  bool append_some(std::string& text) const {
    std::array<char, 65536> buffer;
    const ssize_t got = ::read(ours.get(), buffer.data(), buffer.size());
    if (got > 0) text.append(buffer.data(), static_cast<std::size_t>(got));
    return got > 0;
  }
};

}  // namespace tether::test
