// --notify and --ready-timeout: COMMAND says when it is ready, and somebody waits for that.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstring>
#include <filesystem>

#include "services.hpp"

using namespace tether::test;

namespace {

const Words ready_modes[] = {{"-w"},
                             {"-dq"},
                             {"-dq", "--status-file=/dev/null"},
                             {"-w", "--autoreap"},
                             {"-dq", "--nnp", "--autokill"}};
const Words detach_modes[] = {{"-dq"}, {"-dq", "--status-file=/dev/null"}};

// A FIFO that holds a COMMAND back until the test lets it go.
class Rein {
 public:
  explicit Rein(const Services& services) : path_(services.path("rein")) {
    REQUIRE(::mkfifo(path_.c_str(), 0666) == 0);
    held_.reset(::open(path_.c_str(), O_RDWR | O_CLOEXEC));
  }
  [[nodiscard]] const std::string& path() const { return path_; }
  void let_go() const { REQUIRE(::write(held_.get(), "\n", 1) == 1); }

 private:
  std::string path_;
  tether::UniqueFd held_;
};

std::size_t count_records(const std::string& out, const std::string& kind) {
  std::size_t count = 0;
  for (const Json& record : parse_records(out)) count += record.at("record") == kind ? 1 : 0;
  return count;
}

// Until COMMAND is ready; the records so far are those of a COMMAND that runs.
void expect_ready(Running& running, const Words& mode) {
  running.expect_output("\"ready\"");
  const Json start = running.record("start");
  const Json ready = running.record("ready");
  CHECK(ready.at("pid") == start.at("pid"));
  CHECK(is_alive(start.at("pid").get<pid_t>()));
  CHECK(running.record("exit").is_null());
  if (mode[0] == "-w") {
    running.send(SIGTERM);
    CHECK(running.wait().exit_code == 143);
  } else {
    CHECK(running.wait().exit_code == 0);
  }
}

std::string first_word(const std::string& path) {
  const std::string text = read_file(path);
  return text.substr(0, text.find('\n'));
}

}  // namespace

TEST_CASE("a newline on the descriptor that was named makes COMMAND ready") {
  for (const Words& mode : ready_modes)
    for (const std::string fd : {"3", "0", "1", "2", "200"}) {
      CAPTURE(mode);
      CAPTURE(fd);
      Running running(mode + Words{"--json", "--notify=fd:" + fd} + probe("newline", {fd}));
      expect_ready(running, mode);
      CHECK(running.record("ready").at("status").is_null());
      CHECK(running.record("ready").at("after_s").get<double>() >= 0);
    }
}

TEST_CASE("the descriptor for COMMAND may be a number that tether uses itself") {
  for (const Words& mode : {Words{"-w"}, Words{"-dq"}, Words{"-w", "--nnp", "--autokill"}})
    for (int fd = 3; fd < 16; ++fd) {
      CAPTURE(mode);
      CAPTURE(fd);
      Running running(mode + Words{"--json", "--notify=fd:" + std::to_string(fd)} +
                      probe("newline", {std::to_string(fd)}));
      expect_ready(running, mode);
    }
}

TEST_CASE("the descriptor for COMMAND may be a number that the keeper uses itself") {
  for (int fd = 3; fd < 16; ++fd) {
    CAPTURE(fd);
    Running running(
        Words{"-dq", "--json", "--status-file=/dev/null", "--notify=fd:" + std::to_string(fd)} +
        probe("newline", {std::to_string(fd)}));
    running.expect_output("\"ready\"");
    // Gone, though COMMAND lives.
    const bool returned = eventually([&] { return !is_alive(running.pid()); });
    CHECK(returned);
    CHECK(is_alive(running.child()));
    if (returned) CHECK(running.wait().exit_code == 0);
    end_all_children();
  }
}

TEST_CASE("COMMAND's descriptor and the status descriptor may have one number") {
  for (const Words& mode : {Words{"-w"}, Words{"-dq"}}) {
    CAPTURE(mode);
    const Services services;
    Setup setup;
    setup.before_exec = [path = services.path("status")] {
      (void)::dup2(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644), 7);
    };
    const Rein rein(services);
    Running running(mode + Words{"--status-fd=7", "--notify=fd:7", "--", "/bin/sh", "-c",
                                 "echo >&7; read x < " + rein.path() + "; exit 5"},
                    setup);
    const auto said = [&](const char* kind) {
      return count_records(read_file(services.path("status")), kind) == 1;
    };
    CHECK(eventually([&] { return said("ready"); }));
    rein.let_go();
    CHECK(running.wait().exit_code == (mode[0] == "-w" ? 5 : 0));
    const std::chrono::steady_clock::time_point end =
        std::chrono::steady_clock::now() + std::chrono::seconds(5);
    CHECK(eventually([&] { return said("exit") || std::chrono::steady_clock::now() > end; }));
    CHECK(said("exit"));
  }
}

TEST_CASE("a detached start returns when COMMAND is ready and not before") {
  for (const Words& mode : detach_modes) {
    CAPTURE(mode);
    const Services services;
    const Rein rein(services);
    Running running(mode + Words{"--json", "--notify=fd:3"} + probe("newline", {"3", rein.path()}));
    running.expect_output("\"start\"");
    const pid_t child = running.child();
    REQUIRE(eventually([child] { return state_of(child) == 'S'; }));
    CHECK(is_alive(running.pid()));
    CHECK(running.record("ready").is_null());
    rein.let_go();
    const Finished finished = running.wait();
    CHECK(finished.exit_code == 0);
    CHECK(finished.records.size() == 2);
    CHECK(finished.record("ready").at("pid") == child);
  }
}

TEST_CASE("what comes before the newline is no word of readiness and what comes after no other") {
  const Services services;
  const Rein rein(services);
  Running running({"--json", "--notify=fd:3", "--", "/bin/sh", "-c",
                   "printf 'not yet' >&3; read x < " + rein.path() +
                       "; printf 'now\\nand\\nmore\\n' >&3; exit 0"});
  running.expect_output("\"start\"");
  CHECK(running.record("ready").is_null());
  rein.let_go();
  const Finished finished = running.wait();
  CHECK(finished.exit_code == 0);
  CHECK(count_records(finished.out, "ready") == 1);
}

TEST_CASE("a COMMAND that ends before it is ready is a start that failed") {
  struct Row {
    Words command;
    int status;
    const char* manner;
  };
  const Row rows[] = {{probe("exit", {"7"}), 7, "exited with status 7"},
                      {probe("exit", {"0"}), 125, "exited with status 0"},
                      {probe("kill", {"9"}), 137, "was killed by SIGKILL"}};
  for (const Words& mode : ready_modes)
    for (const std::string how : {"--notify=fd:3", "--notify=socket"})
      for (const Row& row : rows) {
        CAPTURE(mode);
        CAPTURE(how);
        CAPTURE(row.command);
        const Finished finished = run(mode + Words{how, "--json"} + row.command);
        CHECK(finished.exit_code == row.status);
        CHECK(finished.first_error_line() ==
              "tether: '" + tool("probe") + "' " + row.manner + " before it was ready");
        REQUIRE(finished.records.size() == 3);
        CHECK(finished.records[1].at("record") == "error");
        CHECK(finished.records[1].at("stage") == "ready");
        CHECK(finished.records[1].at("exit_status") == row.status);
        CHECK(finished.records[2].at("record") == "exit");
        CHECK(finished.records[2].at("cause") == "command");
        CHECK(finished.records[2].at("exit_status") == row.status);
      }
}

TEST_CASE("a COMMAND that cannot be run is that and not one that was not ready") {
  for (const std::string how : {"--notify=fd:3", "--notify=socket"}) {
    const Finished finished = run({"-d", how, "--ready-timeout=20s", "--json", "/no/such"});
    CHECK(finished.exit_code == 127);
    CHECK(finished.records.size() == 1);
    CHECK(finished.record("error").at("stage") == "exec");
  }
}

TEST_CASE("a COMMAND that is not ready in time is ended") {
  for (const Words& mode : ready_modes)
    for (const std::string how : {"--notify=fd:3", "--notify=socket"}) {
      CAPTURE(mode);
      CAPTURE(how);
      const Finished finished =
          run(mode + Words{how, "--ready-timeout=100ms", "--json"} + probe("sleep"));
      CHECK(finished.exit_code == 124);
      CHECK(finished.first_error_line() ==
            "tether: '" + tool("probe") + "' was not ready in time, and was ended");
      const Json exit = finished.record("exit");
      CHECK(exit.at("cause") == "not-ready");
      CHECK(exit.at("signal") == "SIGTERM");
      CHECK(exit.at("escalated") == false);
      CHECK(exit.at("elapsed_s").get<double>() >= 0.1);
      CHECK(exit.at("exit_status") == 124);
      CHECK(finished.record("error").at("stage") == "ready");
      CHECK(finished.record("ready").is_null());
      CHECK(is_gone(exit.at("pid").get<pid_t>()));
    }
}

TEST_CASE("a COMMAND that is not ready and ignores the first signal is killed with its group") {
  for (const Words& mode : detach_modes) {
    CAPTURE(mode);
    const Services services;
    const Finished finished = run(mode +
                                  Words{"--notify=fd:3", "--ready-timeout=500ms", "-k", "50ms",
                                        "-s", "HUP", "--json", "--stdout=" + services.path("out")} +
                                  probe("fork"));
    CHECK(finished.exit_code == 124);
    const Json exit = finished.record("exit");
    CHECK(exit.at("cause") == "not-ready");
    CHECK(exit.at("signal") == "SIGKILL");
    CHECK(exit.at("escalated") == true);
    // By the second process of the group, which is not its leader.
    CHECK(read_file(services.path("out")).find("got 1\n") != std::string::npos);
    CHECK(OrphanCollector().all_are_gone());
  }
}

TEST_CASE("a COMMAND that is not ready is not killed when that is so asked") {
  Running running(Words{"--notify=fd:3", "--ready-timeout=50ms", "-k0", "--json"} + probe("catch"));
  running.expect_output("got 15");
  REQUIRE(::kill(running.child(), SIGUSR1) == 0);
  running.expect_output("got 10");
  REQUIRE(::kill(running.child(), SIGUSR2) == 0);
  const Finished finished = running.wait();
  CHECK(finished.exit_code == 124);
  CHECK(finished.record("exit").at("code") == "exited");
  CHECK(finished.record("exit").at("escalated") == false);
}

TEST_CASE("a time that nobody lives to see the end of is not over at once") {
  Running running(Words{"-w", "--notify=fd:3", "--ready-timeout=200000d", "--json", "--", "/bin/sh",
                        "-c", "sleep 0.2; echo >&3; exec sleep 1000"});
  expect_ready(running, {"-w"});
}

TEST_CASE("EXTEND_TIMEOUT_USEC gives COMMAND more time") {
  using Clock = std::chrono::steady_clock;
  for (const std::string longer : {"20000000", "9223372036854775807"}) {
    CAPTURE(longer);
    const Services services;
    const Rein rein(services);
    Running running(
        Words{"-w", "--notify=socket", "--ready-timeout=1s", "--json"} +
        probe("notify", {"EXTEND_TIMEOUT_USEC=" + longer, "await:" + rein.path(), "READY=1"}));
    running.expect_output("\"start\"");
    const auto over = Clock::now() + std::chrono::milliseconds(1200);
    REQUIRE(eventually([&] { return Clock::now() > over; }));
    rein.let_go();
    expect_ready(running, {"-w"});
    CHECK(running.record("ready").at("after_s").get<double>() > 1);
  }
}

TEST_CASE("EXTEND_TIMEOUT_USEC does not make the time shorter") {
  Running running(Words{"-w", "--notify=socket", "--ready-timeout=20s", "--json"} +
                  probe("notify", {"EXTEND_TIMEOUT_USEC=1", "STATUS=going on", "fork", "READY=1"}));
  expect_ready(running, {"-w"});
}

TEST_CASE("what COMMAND says of itself is in the ready record and in the message") {
  const Finished ready =
      run(Words{"-d", "--notify=socket", "--json"} +
          probe("notify", {"STATUS=starting", "X_UNKNOWN=1\nSTATUS=at work: 1 \u00e4\nREADY=1\n"}));
  CHECK(ready.exit_code == 0);
  CHECK(ready.record("ready").at("status") == "at work: 1 \u00e4");
  end_all_children();
  for (const Words& mode : ready_modes) {
    CAPTURE(mode);
    const Finished failed =
        run(mode + Words{"--notify=socket"} +
            probe("notify", {"STATUS=no database", "READY=0", "ERRNO=2", "leave:3"}));
    CHECK(failed.exit_code == 3);
    CHECK(failed.err == "tether: '" + tool("probe") +
                            "' exited with status 3 before it was ready: No such file or "
                            "directory\ntether: hint: it said 'no database'\n");
  }
}

TEST_CASE("MAINPID of a descendant moves the service") {
  for (const Words& mode : {Words{"-w"}, Words{"-dq"}, Words{"-dq", "--status-file=/dev/null"}}) {
    CAPTURE(mode);
    const Services services;
    Running running(mode + Words{"--notify=socket", "--json"} + services.by_pidfile() +
                    probe("notify", {"fork", "MAINPID=%\nREADY=1", "leave:0"}));
    running.expect_output("\"ready\"");
    const auto first = running.record("start").at("pid").get<pid_t>();
    const auto main = running.record("ready").at("pid").get<pid_t>();
    CHECK(main != first);
    CHECK(services.content() == std::to_string(main) + "\n");
    CHECK(is_alive(main));
    CHECK(eventually([&] { return !is_alive(first); }));
    CHECK(services.start_again().exit_code == 125);
    CHECK(run(Words{"--stop"} + services.by_pidfile()).exit_code == 0);
    CHECK_FALSE(is_alive(main));
    const Finished finished = running.wait();
    CHECK(finished.exit_code == (mode[0] == "-w" ? 143 : 0));
    if (mode[0] == "-w") CHECK(finished.record("exit").at("pid") == main);
    CHECK(eventually([&] { return services.is_clean(); }));
  }
}

TEST_CASE("MAINPID of a stranger is not believed") {
  for (const Words& mode : {Words{"-w"}, Words{"-dq"}})
    for (const std::string& stranger : {std::to_string(::getpid()), std::string("1"),
                                        std::string("0"), std::string("-1"), std::string("x")}) {
      CAPTURE(mode);
      CAPTURE(stranger);
      const Services services;
      Running running(mode + Words{"--notify=socket", "--json"} + services.by_pidfile() +
                      probe("notify", {"MAINPID=" + stranger + "\nREADY=1"}));
      running.expect_output("\"ready\"");
      CHECK(services.content() == running.record("start").at("pid").dump() + "\n");
      expect_ready(running, mode);
    }
}

TEST_CASE("a helper that has left already is heard") {
  for (const Words& mode : ready_modes) {
    CAPTURE(mode);
    Running running(mode + Words{"--notify=socket", "--json"} +
                    probe("notify", {"helper", "STATUS=by a helper", "READY=1"}));
    expect_ready(running, mode);
    CHECK(running.record("ready").at("status") == "by a helper");
  }
}

TEST_CASE("a helper that goes on to wait at a barrier gets over it") {
  for (const Words& mode : ready_modes)
    for (int round = 0; round < 5; ++round) {
      CAPTURE(mode);
      const Services services;
      const std::string script = tool("probe") + " notify READY=1 barrier leave:0; echo $? > " +
                                 services.path("barrier") + "; exec sleep 1000";
      Running running(mode + Words{"--notify=socket", "--json", "--", "/bin/sh", "-c", script});
      REQUIRE(eventually([&] { return first_word(services.path("barrier")) == "0"; }));
      expect_ready(running, mode);
    }
}

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

TEST_CASE("a stranger of another user is not heard, whatever it says") {
  if (!is_root()) {
    MESSAGE("skipped: not root");
    return;
  }
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
  if (!is_root()) return;
  Running dropped(Words{"-w", "--notify=socket", "--json", tool("as-user"), "1000"} +
                  probe("notify", {"READY=1\nSTATUS=dropped"}));
  dropped.expect_output("\"ready\"");
  CHECK(dropped.record("ready").at("status") == "dropped");
}

TEST_CASE("the socket's directory is gone once nobody listens any more") {
  const std::pair<std::string, int> ends[] = {{tool("probe") + " notify READY=1", 0},
                                              {tool("probe") + " exit 3", 3},
                                              {tool("probe") + " kill 9", 137},
                                              {"/no/such 2>/dev/null", 127},
                                              {"sleep 1000", 124}};
  for (const Words& mode : detach_modes)
    for (const auto& [command, status] : ends) {
      CAPTURE(mode);
      CAPTURE(command);
      const Services services;
      const Rein rein(services);
      Running running(mode +
                      Words{"--notify=socket", status == 124 ? "--ready-timeout=2s" : "--nnp"} +
                      tell_socket(services, rein, command));
      const std::filesystem::path socket = socket_of(services);
      REQUIRE(socket.is_absolute());
      CHECK(std::filesystem::is_socket(socket));
      rein.let_go();
      CHECK(running.wait().exit_code == status);
      // A keeper listens on, for what a service may say later.
      if (mode.size() > 1 && status == 0) end_all_children();
      if (mode.size() > 1 && status == 0) continue;
      CHECK_FALSE(exists(socket.parent_path()));
    }
}

TEST_CASE("a COMMAND that cannot be executed leaves no socket") {
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

TEST_CASE("a COMMAND that closes its descriptor without a word is ended by who waits for it") {
  const std::string script = "exec 3>&-; exec " + tool("probe") + " sleep";
  for (const Words& mode : {Words{"-dq"}, Words{"-dq", "--status-file=/dev/null"},
                            Words{"-w", "--ready-timeout=20s"}}) {
    CAPTURE(mode);
    const Finished finished =
        run(mode + Words{"--notify=fd:3", "--json", "--", "/bin/sh", "-c", script});
    CHECK(finished.exit_code == 125);
    CHECK(finished.record("exit").at("cause") == "not-ready");
    CHECK(finished.record("error").at("stage") == "ready");
    CHECK(is_gone(finished.record("exit").at("pid").get<pid_t>()));
  }
}

TEST_CASE("a signal to the tether that waits goes on to COMMAND's group") {
  for (const Words& mode : detach_modes) {
    CAPTURE(mode);
    const Services services;
    const std::string out = services.path("out");
    Running running(mode + Words{"--notify=fd:3", "--json", "--stdout=" + out} + probe("fork"));
    REQUIRE(eventually([&] { return !read_file(out).empty(); }));
    const auto said = [&](const std::string& text) {
      return eventually([&] { return read_file(out).find(text) != std::string::npos; });
    };
    running.send(SIGUSR1);
    CHECK(said("got 10"));
    CHECK(is_alive(running.pid()));
    running.send(SIGTERM);
    CHECK(said("got 15"));
    running.send(SIGUSR2);
    const Finished finished = running.wait();
    // It left with 0, but was never ready.
    CHECK(finished.exit_code == 125);
    CHECK(finished.record("exit").at("cause") == "signal");
  }
}

TEST_CASE("a COMMAND that a passed signal ends before it is ready gives 128 and the signal") {
  for (const Words& mode : ready_modes) {
    CAPTURE(mode);
    const Services services;
    Running running(mode + Words{"--notify=socket", "--json"} + probe("sleep"));
    running.expect_output("\"start\"");
    running.send(SIGTERM);
    const Finished finished = running.wait();
    CHECK(finished.exit_code == 143);
    CHECK(finished.record("exit").at("cause") == "signal");
    CHECK(finished.record("error").at("exit_status") == 143);
  }
}

TEST_CASE("the keeper goes on with the record after COMMAND was ready") {
  const Services services;
  const std::string status = services.path("status");
  const Finished finished = run(Words{"-dq", "--notify=socket", "--status-file=" + status} +
                                probe("notify", {"READY=1", "STATUS=later", "helper", "READY=1"}));
  CHECK(finished.exit_code == 0);
  const auto records = [&] { return parse_records(read_file(status)); };
  REQUIRE(records().size() == 2);
  CHECK(records()[1].at("record") == "ready");
  const auto child = records()[1].at("pid").get<pid_t>();
  REQUIRE(::kill(child, SIGTERM) == 0);
  REQUIRE(eventually([&] { return records().back().at("record") == "exit"; }));
  CHECK(records().back().at("cause") == "command");
  CHECK(count_records(read_file(status), "ready") == 1);
}
