// --pidfd-fd: the child's pidfd and its start record in one message, or an error and no child.
#include "hand_over.hpp"

#include <sys/un.h>

#include <cerrno>

#include "sys/pidfd.hpp"

using namespace tether::test;

namespace {

constexpr int socket_types[] = {SOCK_STREAM, SOCK_SEQPACKET, SOCK_DGRAM};

bool is_pidfd_of(int fd, pid_t pid) {
  return tether::pid_of(fd) == pid;
}

// Leaves no room in the socket that tether is to send on.
void fill(const Channel& channel) {
  REQUIRE(::fcntl(channel.theirs.get(), F_SETFL, O_NONBLOCK) == 0);
  const std::string filling(1024, 'x');
  while (::send(channel.theirs.get(), filling.data(), filling.size(), 0) > 0) {
  }
  REQUIRE(errno == EAGAIN);
}

struct Refusal {
  int exit_code;
  std::string error;
  std::string hint;  // the line after it
};

Refusal refused(const Words& ours, const Words& command, const Setup& setup) {
  const Finished finished = run(Words{"--pidfd-fd=7"} + ours + command, setup);
  const std::string error = finished.first_error_line();
  return {finished.exit_code, error, finished.err.substr(error.size() + 1)};
}

}  // namespace

KERNEL_TEST_CASE("the pidfd goes over each type of socket with the start record") {
  for (const int type : socket_types) {
    CAPTURE(type);
    const Cleanup cleanup;
    const Handed handed = handed_over(autokill(), probe("sleep"), type);
    CHECK(handed.start.err.empty());
    CHECK(handed.start.out.empty());
    CHECK(handed.descriptors.size() == expected_descriptors());
    CHECK(is_pidfd_of(handed.pidfd(), handed.pid()));
    const Json& record = handed.record;
    CHECK(record.at("held_by") == "socket");
    CHECK(record.at("guarantees").at("autokill") == expected_watch());
    CHECK(record.at("supervisor_pid").is_null() == kernel_has_flags());
    if (record.at("pidfs_inode").is_number())
      CHECK(record.at("pidfs_inode") == tether::pidfs_inode(handed.pidfd()).value());
    for (const auto& fd : handed.descriptors) CHECK(fd.get() > 2);
  }
}

TEST_CASE("a record of the longest kind arrives whole over each type of socket") {
  for (const int type : socket_types) {
    CAPTURE(type);
    const Cleanup cleanup;
    const Handed handed = handed_over(
        autokill(), probe("sleep", {std::string(9000, 'a'), std::string(9000, 'b')}), type);
    CHECK(handed.record.at("command_truncated") == true);
  }
}

KERNEL_TEST_CASE(
    "without autokill a child that was handed over lives on when its pidfd is closed") {
  const Cleanup cleanup;
  Answering answering;
  Handed handed = handed_over(answering.to(), Answering::command());
  answering.await_start();
  CHECK(handed.descriptors.size() == 1);
  CHECK(handed.record.at("guarantees").at("autokill").is_null());
  CHECK(handed.record.at("supervisor_pid").is_null());
  CHECK(handed.record.at("guarantees").at("autoreap") == (kernel_has_flags() ? "kernel" : "init"));
  const pid_t pid = handed.pid();
  handed.descriptors.clear();
  CHECK(answering.lives(pid));
  // Nothing of tether is between it and who inherits it.
  CHECK(parent_of(pid) == ::getpid());
}

KERNEL_TEST_CASE("who holds the pidfd signals by it and learns the end from it") {
  const Cleanup cleanup;
  const Handed handed = handed_over({}, probe("term", {"7"}));
  REQUIRE(probe_sits(handed.pid()));
  REQUIRE(tether::send_signal(handed.pidfd(), SIGTERM));
  CHECK(eventually([&] { return tether::has_ended(handed.pidfd()); }));
  // Whoever inherits it has to have waited for it, where the kernel does not see to that.
  CHECK(is_gone(handed.pid()));
  SKIP_UNLESS(tether::has_exit_information(), "a pidfd tells no exit status before Linux 6.15");
  CHECK(tether::learn_ending(handed.pidfd(), true).value().exit_code == 7);
}

KERNEL_TEST_CASE("COMMAND has neither the socket nor the pidfd") {
  const Cleanup cleanup;
  TemporaryDirectory directory;
  const std::string out = directory.path("out");
  for (const Words& more : {Words{}, autokill(), autokill() + Words{"--timeout=1h"}}) {
    CAPTURE(joined(more));
    // The caller has left both ends open, and something of its own.
    Channel fresh(SOCK_SEQPACKET);
    Setup both = fresh.given_to();
    both.before_exec = [inner = both.before_exec, ours = fresh.ours.get()] {
      inner();
      (void)::dup2(ours, 8);
      (void)::dup2(::open("/dev/null", O_RDWR | O_CLOEXEC), 9);
    };
    const Finished finished = run(
        Words{"--pidfd-fd=7", "--keep-fd=9", "--truncate", "--stdout=" + out} + more + probe("fds"),
        both);
    CHECK(finished.exit_code == 0);
    CHECK(eventually([&] { return read_file(out) == "0 1 2 9 \n"; }));
    fresh.theirs.reset();
    (void)receive(fresh.ours.get());
  }
}

KERNEL_TEST_CASE("what is no connected Unix socket is refused before anything runs") {
  TemporaryDirectory directory;
  const Words command{"--", "/bin/sh", "-c", "echo > " + directory.path("made")};
  const auto as_7 = [](const std::function<int()>& open) {
    Setup setup;
    setup.before_exec = [open] {
      const int fd = open();
      if (fd != 7) (void)::dup2(fd, 7);
    };
    return setup;
  };
  CHECK(refused({}, command, {}).error == "tether: --pidfd-fd=7: Bad file descriptor");
  const Refusal file = refused({}, command, as_7([] { return ::open("/dev/null", O_RDWR); }));
  CHECK(file.exit_code == 125);
  CHECK(file.error == "tether: --pidfd-fd=7: Socket operation on non-socket");
  CHECK(file.hint ==
        "tether: hint: the descriptor must be a connected Unix socket; with --become a free "
        "number\n");
  CHECK(refused({}, command, as_7([] { return ::socket(AF_INET, SOCK_STREAM, 0); })).error ==
        "tether: --pidfd-fd=7: Address family not supported by protocol");
  CHECK(refused({}, command, as_7([] { return ::socket(AF_UNIX, SOCK_STREAM, 0); })).error ==
        "tether: --pidfd-fd=7: Transport endpoint is not connected");
  CHECK_FALSE(exists(directory.path("made")));
}

KERNEL_TEST_CASE("a receiver that is gone or full is an error and nothing runs") {
  TemporaryDirectory directory;
  const Words command{"--", "/bin/sh", "-c", "echo > " + directory.path("made")};
  for (const int type : socket_types) {
    CAPTURE(type);
    Channel full(type);
    fill(full);
    Refusal refusal = refused(autokill(), command, full.given_to());
    CHECK(refusal.exit_code == 125);
    CHECK(refusal.error == "tether: --pidfd-fd=7: Resource temporarily unavailable");
    CHECK(refusal.hint == "tether: hint: the socket buffer is full: the receiver does not read\n");
    if (type == SOCK_DGRAM) continue;  // it does not see the other end go before it sends
    Channel gone(type);
    gone.ours.reset();
    refusal = refused(autokill(), command, gone.given_to());
    CHECK(refusal.exit_code == 125);
    CHECK(refusal.error == "tether: --pidfd-fd=7: Broken pipe");
    CHECK(refusal.hint == "tether: hint: the receiver has closed its end\n");
  }
  CHECK_FALSE(exists(directory.path("made")));
}

KERNEL_TEST_CASE("a receiver that goes while the child starts leaves no child") {
  for (const int type : socket_types)
    for (const Words& more : {Words{}, autokill(), autokill() + Words{"--timeout=1h"}}) {
      CAPTURE(type);
      CAPTURE(joined(more));
      const Cleanup cleanup;
      Channel channel(type);
      Connection gate = Connection::pipe(0);
      Setup setup = channel.given_to();
      setup.before_exec = [inner = setup.before_exec, gate = gate.theirs.get()] {
        inner();
        (void)::dup2(gate, 8);
      };
      Running running(Words{"--pidfd-fd=7", "--block-fd=8", "--json"} + more + probe("sleep"),
                      setup);
      running.close_input();
      channel.theirs.reset();
      gate.theirs.reset();
      const pid_t child = running.child();
      channel.ours.reset();
      gate.ours.reset();
      const Finished finished = running.wait();
      CHECK(finished.exit_code == 125);
      const std::string reason = type == SOCK_DGRAM ? "Connection refused" : "Broken pipe";
      CHECK(finished.first_error_line() == "tether: cannot hand the pidfd over: " + reason);
      CHECK(is_gone(child));
      CHECK(OrphanCollector().all_are_gone());
      CHECK(finished.record("error").at("stage") == "hand-over");
      // Where it had been executed by then, it had to be ended.
      if (finished.record("exit").is_object())
        CHECK(finished.record("exit").at("exit_status") == 125);
    }
}

KERNEL_TEST_CASE("a receiver that never reads keeps the child until its socket goes") {
  for (const int type : socket_types) {
    CAPTURE(type);
    const Cleanup cleanup;
    Answering answering;
    Channel channel(type);
    Running running(
        Words{"--pidfd-fd=7", "--print-pid"} + autokill() + answering.to() + Answering::command(),
        channel.given_to());
    running.close_input();
    channel.theirs.reset();
    const pid_t child = running.child();
    REQUIRE(running.wait().exit_code == 0);
    answering.await_start();
    CHECK(answering.lives(child));
    channel.ours.reset();
    CHECK(is_gone(child));
    CHECK(OrphanCollector().all_are_gone());
  }
}

KERNEL_TEST_CASE("COMMAND that would share the socket is refused") {
  Channel channel(SOCK_STREAM);
  Setup setup = channel.given_to();
  setup.before_exec = [inner = setup.before_exec] {
    inner();
    (void)::dup2(7, 0);
  };
  const Finished finished = run(Words{"--pidfd-fd=7"} + autokill() + probe("sleep"), setup);
  CHECK(finished.exit_code == 125);
  CHECK(finished.first_error_line() ==
        "tether: --pidfd-fd=7: COMMAND would have a copy of that socket");
  // With another standard input it does not.
  Channel fresh(SOCK_STREAM);
  setup.before_exec = [inner = fresh.given_to().before_exec] {
    inner();
    (void)::dup2(7, 0);
  };
  const Cleanup cleanup;
  CHECK(run(Words{"--pidfd-fd=7", "--stdin=/dev/null"} + autokill() + probe("sleep"), setup)
            .exit_code == 0);
}

KERNEL_TEST_CASE("a COMMAND that cannot be run is told of over the socket and on standard error") {
  for (const Words& more : {Words{}, autokill(), autokill() + Words{"--timeout=1h"}}) {
    CAPTURE(joined(more));
    const Handed handed = hand_over(more, {"--", "/nonexistent/command"});
    CHECK(handed.start.exit_code == 127);
    CHECK(handed.start.err ==
          "tether: cannot run '/nonexistent/command': No such file or directory\n");
    REQUIRE(handed.record.is_object());
    CHECK(handed.record.at("record") == "error");
    CHECK(handed.record.at("errno") == "ENOENT");
    CHECK(handed.descriptors.empty());
    CHECK(OrphanCollector().all_are_gone());
  }
}

KERNEL_TEST_CASE("a child is handed over when it is ready") {
  const Cleanup cleanup;
  const Handed handed = handed_over(autokill() + Words{"--notify=fd:3"}, probe("newline", {"3"}));
  CHECK(handed.record.at("held_by") == "socket");
  const Handed early = hand_over(autokill() + Words{"--notify=fd:3"}, probe("exit", {"4"}));
  CHECK(early.start.exit_code == 4);
  CHECK(early.record.at("record") == "error");
  CHECK(early.record.at("stage") == "ready");
  CHECK(early.descriptors.empty());
}

KERNEL_TEST_CASE("nobody waits for a child to become ready that nobody is there to hold") {
  for (const Words& more : {Words{}, autokill(), autokill() + Words{"--timeout=1h"}})
    for (const bool becomes : {false, true}) {
      CAPTURE(joined(more));
      CAPTURE(becomes);
      const Cleanup cleanup;
      Channel channel(SOCK_SEQPACKET);
      const Words how = becomes ? Words{"--pidfd-fd=8", "--become=:"} : Words{"--pidfd-fd=7"};
      Running running(how + more + Words{"--notify=fd:3", "--print-pid"} + probe("sleep"),
                      channel.given_to());
      channel.theirs.reset();
      const pid_t child = running.child();
      if (becomes) {
        running.send(SIGKILL);
      } else {
        channel.ours.reset();
      }
      CHECK(is_gone(child));
      (void)running.wait();
      CHECK(OrphanCollector().all_are_gone());
    }
}

KERNEL_TEST_CASE("a child that is handed over stays in the session and the group of its caller") {
  const Cleanup cleanup;
  for (const Words& more : {Words{}, autokill(), autokill() + Words{"--timeout=1h"}}) {
    CAPTURE(joined(more));
    const Handed handed = handed_over(more, probe("sleep"));
    CHECK(::getsid(handed.pid()) == ::getsid(0));
    CHECK(::getpgid(handed.pid()) == ::getpgrp());
    const Handed apart = handed_over(more + Words{"--setsid"}, probe("sleep"));
    CHECK(::getsid(apart.pid()) == apart.pid());
  }
}

KERNEL_TEST_CASE("a start without a receiver is recorded as an error") {
  const Finished finished = run({"--pidfd-fd=7", "--json", "true"});
  CHECK(finished.exit_code == 125);
  CHECK(finished.record("error").at("stage") == "hand-over");
}

KERNEL_TEST_CASE("where pidfd_open is filtered a hand-over needs no keeper or is refused at once") {
  const Cleanup cleanup;
  Setup setup = filtered("pidfd_open=EPERM");
  const Handed plain = handed_over({}, probe("sleep"), SOCK_SEQPACKET, setup);
  CHECK(state_of(plain.pid()).has_value());
  TemporaryDirectory directory;
  const Handed tied =
      hand_over({"--autokill", "--nnp", "--timeout=1h"},
                {"--", "/bin/sh", "-c", "echo > " + directory.path("made")}, SOCK_SEQPACKET, setup);
  CHECK(tied.start.exit_code == 125);
  CHECK(tied.descriptors.empty());
  CHECK_FALSE(exists(directory.path("made")));
}

KERNEL_TEST_CASE("autokill by hand-over is refused without the privilege that the kernel wants") {
  SKIP_UNLESS(!is_root(), "needs an ordinary user");
  const Handed handed = hand_over({"--autokill"}, probe("sleep"));
  CHECK(handed.start.exit_code == 125);
  CHECK(handed.start.first_error_line() ==
        "tether: --autokill needs --nnp, or CAP_SYS_ADMIN in the user namespace");
}

KERNEL_TEST_CASE("strict hand-over is for kernels that end the child themselves") {
  const Cleanup cleanup;
  const Handed handed = hand_over({"--autokill", "--nnp", "--strict"}, probe("sleep"));
  CHECK(handed.start.exit_code == (kernel_has_flags() ? 0 : 125));
}
