// --notify=socket: where the socket is, and who is heard on it.
#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <filesystem>

#include "detached.hpp"
#include "readiness.hpp"

using namespace tether::test;

namespace {

// A COMMAND that writes its NOTIFY_SOCKET to the file and is ready when it is let go.
Words tell_socket(const Services& services, const Rein& rein, const std::string& after) {
  return {"--", "/bin/sh", "-c",
          "echo $NOTIFY_SOCKET > " + services.path("socket") + "; read x < " + rein.path() +
              "; exec " + after};
}

std::string socket_of(const Services& services) {
  REQUIRE(eventually([&] { return read_file(services.path("socket")).size() > 1; }));
  return first_word(services.path("socket"));
}

// From this process, or another user's.
bool say_to(const std::string& path, const std::string& text, uid_t uid) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    (void)std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    const int from = ::socket(AF_UNIX, SOCK_DGRAM, 0);
    const bool sent = ::setresuid(uid, uid, uid) == 0 &&
                      ::sendto(from, text.data(), text.size(), 0,
                               reinterpret_cast<sockaddr*>(&address), sizeof address) > 0;
    ::_exit(sent ? 0 : 1);
  }
  int status = 0;
  return ::waitpid(pid, &status, 0) == pid && status == 0;
}

}  // namespace

TEST_CASE("an inherited NOTIFY_SOCKET is COMMAND's own business") {
  Setup setup;
  setup.environment = {"NOTIFY_SOCKET=/run/of/somebody/else"};
  const std::string line = "NOTIFY_SOCKET=/run/of/somebody/else\n";
  CHECK(run(probe("env"), setup).out.find(line) != std::string::npos);
  const Finished with_fd =
      run({"--notify=fd:3", "--", "/bin/sh", "-c", "echo >&3; exec env"}, setup);
  CHECK(with_fd.out.find(line) != std::string::npos);
  const Finished with_socket = run(Words{"--notify=socket"} + probe("env"), setup);
  const std::size_t at = with_socket.out.find("NOTIFY_SOCKET=");
  CHECK(with_socket.out.find(line) == std::string::npos);
  CHECK(at != std::string::npos);
  CHECK(with_socket.out.find("NOTIFY_SOCKET=", at + 1) == std::string::npos);
}

TEST_CASE("a stranger of another user is not heard, whatever it says") {
  SKIP_UNLESS(is_root(), "needs root");
  const Services services;
  const Rein rein(services);
  Running running(Words{"-w", "--notify=socket", "--json"} +
                  tell_socket(services, rein, tool("probe") + " notify READY=1"));
  const std::string socket = socket_of(services);
  REQUIRE(say_to(socket, "STATUS=a stranger\nREADY=1", 1000));
  rein.let_go();
  expect_ready(running, {"-w"});
  // Messages come in order: the stranger's came first.
  CHECK(running.record("ready").at("status").is_null());
}

TEST_CASE("a descendant of another user is heard, and so is the same user from elsewhere") {
  const Services services;
  const Rein rein(services);
  Running running(Words{"-w", "--notify=socket", "--json"} +
                  tell_socket(services, rein, "sleep 1000"));
  REQUIRE(say_to(socket_of(services), "STATUS=same user\nREADY=1", ::getuid()));
  running.expect_output("\"ready\"");
  CHECK(running.record("ready").at("status") == "same user");
  running.send(SIGTERM);
  CHECK(running.wait().exit_code == 143);
  SKIP_UNLESS(is_root(), "needs root");
  Running dropped(Words{"-w", "--notify=socket", "--json", tool("as-user"), "1000"} +
                  probe("notify", {"READY=1\nSTATUS=dropped"}));
  dropped.expect_output("\"ready\"");
  CHECK(dropped.record("ready").at("status") == "dropped");
  dropped.send(SIGTERM);
  CHECK(dropped.wait().exit_code == 143);
}

KERNEL_TEST_CASE("the socket's directory is gone once nobody listens any more") {
  struct End {
    std::string command;
    int status;
  };
  const End ends[] = {{tool("probe") + " notify READY=1", 0},
                      {tool("probe") + " exit 3", 3},
                      {tool("probe") + " kill 9", 137},
                      {"/no/such 2>/dev/null", 127},
                      {"sleep 1000", 124}};
  for (const Words& mode : detach_modes)
    for (const End& end : ends) {
      CAPTURE(mode);
      CAPTURE(end.command);
      const Services services;
      const Rein rein(services);
      Running running(mode +
                      Words{"--notify=socket", end.status == 124 ? "--ready-timeout=2s" : "--nnp"} +
                      tell_socket(services, rein, end.command));
      const std::filesystem::path socket = socket_of(services);
      REQUIRE(socket.is_absolute());
      CHECK(std::filesystem::is_socket(socket));
      rein.let_go();
      CHECK(running.wait().exit_code == end.status);
      // A keeper listens on, for what a service may say later.
      const bool listens = mode.size() > 1 && end.status == 0;
      CHECK(exists(socket) == listens);
      if (listens) end_gently(children_of(::getpid()).at(0));
      CHECK_FALSE(exists(socket.parent_path()));
    }
}

KERNEL_TEST_CASE("a COMMAND that cannot be executed leaves no socket") {
  const Services services;
  Setup setup = unprivileged();
  setup.environment = {"XDG_RUNTIME_DIR=" + services.path("")};
  CHECK(run({"-d", "--notify=socket", "/no/such"}, setup).exit_code == 127);
  CHECK(run({"-d", "--notify=socket", "-C", "/no/such", "true"}, setup).exit_code == 125);
  CHECK(std::filesystem::is_empty(services.path("")));
}

TEST_CASE("a user's socket is where its runtime directory is, or its temporary one, or nowhere") {
  const Services services;
  const std::string here = services.path("");
  struct Row {
    std::vector<std::string> environment;
    std::string start;
  };
  const Row rows[] = {{{"XDG_RUNTIME_DIR=" + here, "TMPDIR=/no/such"}, here},
                      {{"XDG_RUNTIME_DIR=/no/such", "TMPDIR=" + here}, here},
                      {{"TMPDIR=/tmp"}, "/tmp/"},
                      {{"XDG_RUNTIME_DIR=relative", "TMPDIR=relative"}, "@"},
                      {{"XDG_RUNTIME_DIR=/no/such", "TMPDIR=" + std::string(200, 'x')}, "@"},
                      {{"XDG_RUNTIME_DIR=/no/such", "TMPDIR=/no/such/either"}, "@"}};
  for (const Row& row : rows) {
    CAPTURE(row.environment);
    Setup setup = unprivileged();
    setup.environment = row.environment;
    setup.clear_environment = true;
    const Finished finished =
        run({"--notify=socket", "--json", "--", "/bin/sh", "-c",
             "echo :$NOTIFY_SOCKET; exec " + tool("probe") + " notify READY=1 leave:0"},
            setup);
    CHECK(finished.exit_code == 0);
    CHECK(count_records(finished.out, "ready") == 1);
    CHECK(finished.out.find(":" + row.start) != std::string::npos);
  }
  CHECK(std::filesystem::is_empty(here));
}
