// A child whose pidfd goes over a socket to this process, for the tests of hand-over.
#pragma once

#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <string>
#include <utility>
#include <vector>

#include "detached.hpp"
#include "keeper.hpp"
#include "sys/passing.hpp"
#include "sys/pidfd.hpp"

namespace tether::test {

// Two connected Unix sockets: ours, and the one that tether has as descriptor 7.
struct Channel {
  explicit Channel(int type) {
    std::array<int, 2> ends{};
    REQUIRE(::socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends.data()) == 0);
    ours.reset(ends[0]);
    theirs.reset(ends[1]);
  }
  [[nodiscard]] Setup given_to(Setup setup = {}) const {
    setup.before_exec = [inner = setup.before_exec, end = theirs.get()] {
      if (inner) inner();
      if (::dup2(end, 7) == end) (void)::fcntl(7, F_SETFD, 0);
    };
    return setup;
  }
  UniqueFd ours;
  UniqueFd theirs;
};

// The one message of a hand-over.
struct Message {
  std::string text;  // empty: none came, and none will
  std::vector<UniqueFd> descriptors;
};

inline Message receive(int socket) {
  Message message;
  pollfd readable{socket, POLLIN, 0};
  REQUIRE_MESSAGE(::poll(&readable, 1, 30000) == 1, "neither a message nor an end of file");
  std::array<char, 8192> buffer{};
  const ssize_t got =
      receive_with_descriptors(socket, buffer.data(), buffer.size(), message.descriptors);
  if (got > 0) message.text.assign(buffer.data(), static_cast<std::size_t>(got));
  return message;
}

// What tether left with, and what came.
struct Handed {
  Finished start;
  Json record;  // null: none
  std::vector<UniqueFd> descriptors;
  UniqueFd socket;

  [[nodiscard]] pid_t pid() const { return record.at("pid").get<pid_t>(); }
  [[nodiscard]] int pidfd() const { return descriptors.at(0).get(); }
};

inline Handed hand_over(const Words& ours, const Words& command, int type = SOCK_SEQPACKET,
                        const Setup& setup = {}) {
  Channel channel(type);
  // The pipes of the harness go with it.
  const Words apart{"--pidfd-fd=7", "--stdout=/dev/null", "--stderr=/dev/null"};
  Running running(apart + ours + command, channel.given_to(setup));
  running.close_input();
  channel.theirs.reset();
  Handed handed;
  handed.start = running.wait();
  INFO(handed.start.err);
  Message message = receive(channel.ours.get());
  const auto records = parse_records(message.text);
  if (!records.empty()) handed.record = records.at(0);
  handed.descriptors = std::move(message.descriptors);
  handed.socket = std::move(channel.ours);
  return handed;
}

// The same, which must go through.
inline Handed handed_over(const Words& ours, const Words& command, int type = SOCK_SEQPACKET,
                          const Setup& setup = {}) {
  Handed handed = hand_over(ours, command, type, setup);
  INFO(handed.start.err);
  REQUIRE(handed.start.exit_code == 0);
  REQUIRE(handed.record.is_object());
  REQUIRE(handed.record.at("record") == "start");
  REQUIRE_FALSE(handed.descriptors.empty());
  return handed;
}

// A child that answers, as long as it is not being killed.
class Answering {
 public:
  [[nodiscard]] Words to() const { return {"--stdout=" + directory_.path("out")}; }
  static Words command() { return probe("catch"); }
  void await_start() { REQUIRE(answers("ready\n")); }
  // Whether it does, several times in a row.
  bool lives(pid_t pid) {
    for (int i = 0; i < 5; ++i) {
      expected_ += "got 10\n";
      if (::kill(pid, SIGUSR1) != 0 || !answers(expected_)) return false;
    }
    return true;
  }

 private:
  [[nodiscard]] bool answers(const std::string& text) const {
    return eventually([&] { return read_file(directory_.path("out")) == text; });
  }
  TemporaryDirectory directory_;
  std::string expected_ = "ready\n";
};

inline std::string expected_watch() {
  return kernel_has_flags() ? "kernel" : "keeper";
}

// Where a pidfd has no file of its own another descriptor comes with it.
inline std::size_t expected_descriptors() {
  return kernel_is_at_least(6, 9) ? 1 : 2;
}

}  // namespace tether::test
