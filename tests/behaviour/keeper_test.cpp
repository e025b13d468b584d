// What stays behind a detached child when somebody has to.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <filesystem>

#include "detached.hpp"
#include "pseudo_terminal.hpp"

using namespace tether::test;

namespace {

struct Kept {
  Finished start;
  pid_t keeper = 0;
  pid_t child = 0;
};

// Starts `arguments` detached; a keeper is all that the caller has left then, and COMMAND is its.
Kept keep(const Words& arguments, const Setup& setup = {}) {
  Running running(Words{"-d", "--print-pid"} + arguments, setup);
  running.close_input();
  Kept kept;
  kept.child = running.child();
  kept.start = running.wait();
  INFO(kept.start.err);
  REQUIRE(kept.start.exit_code == 0);
  const auto left = children_of(::getpid());
  REQUIRE(left.size() == 1);
  kept.keeper = left[0];
  REQUIRE(kept.keeper != kept.child);
  REQUIRE(probe_sits(kept.child));
  return kept;
}

// The records in a file once there are `count`.
std::vector<Json> records_in(const std::string& path, std::size_t count) {
  REQUIRE(eventually([&] {
    const std::string text = read_file(path);
    return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) == count;
  }));
  return parse_records(read_file(path));
}

std::string read_to_end(int fd) {
  std::string text;
  std::array<char, 4096> buffer;
  pollfd readable{fd, POLLIN, 0};
  while (::poll(&readable, 1, 30000) > 0) {
    const ssize_t got = ::read(fd, buffer.data(), buffer.size());
    if (got <= 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(got));
  }
  FAIL("no end of file");
  return text;
}

Words autokill() {
  return is_root() ? Words{"--autokill"} : Words{"--autokill", "--nnp"};
}

}  // namespace

TEST_CASE("a keeper holds a detached child and says so") {
  TemporaryDirectory directory;
  const std::string status = directory.path("status");
  for (const Words& ours : {Words{"--status-file=" + status}, autokill()}) {
    CAPTURE(joined(ours));
    const Cleanup cleanup;
    const Kept kept = keep(ours + Words{"--json"} + probe("sleep"));
    REQUIRE(kept.start.records.size() == 1);
    const Json& start = kept.start.records[0];
    CHECK(start.at("record") == "start");
    CHECK(start.at("pid") == kept.child);
    CHECK(start.at("held_by") == "keeper");
    CHECK(start.at("supervisor_pid") == kept.keeper);
    CHECK(parent_of(kept.child) == kept.keeper);
    CHECK(parent_of(kept.keeper) == ::getpid());
    const Json& guarantees = start.at("guarantees");
    CHECK(guarantees.at("autoreap") == expected_autoreap());
    if (ours == autokill()) {
      CHECK(guarantees.at("autokill") == expected_autokill());
    } else {
      CHECK(parse_records(read_file(status)) == kept.start.records);
    }
  }
}

TEST_CASE("records on standard output alone leave no keeper") {
  const Cleanup cleanup;
  const Finished finished = run(Words{"-d", "--json"} + probe("sleep"));
  CHECK(finished.record("start").at("held_by") == "nobody");
  CHECK(children_of(::getpid()) == std::vector<pid_t>{finished.record("start").at("pid")});
}

TEST_CASE("a keeper has a session of its own and holds nothing of the caller's") {
  const Cleanup cleanup;
  TemporaryDirectory directory;
  std::filesystem::create_directory(directory.path("sub"));
  directory.write("kept", "");
  PseudoTerminal terminal;
  Setup setup = terminal.on({0, 2});
  setup.before_exec = [inner = setup.before_exec, path = directory.path()] {
    inner();
    (void)!::chdir(path.c_str());
    for (const int fd : {7, 8, 9}) (void)::dup2(::open("kept", O_RDWR | O_CLOEXEC), fd);
  };
  const Kept kept = keep(
      Words{"--status-fd=7", "--keep-fd=8", "--chdir=sub", "--stdout=out"} + probe("sleep"), setup);
  CHECK(::getsid(kept.keeper) == kept.keeper);
  CHECK(::getsid(kept.child) == kept.child);
  CHECK(terminal_of(kept.keeper) == 0);
  CHECK(link_of(kept.keeper, "cwd") == "/");
  // The channel to the caller is closed a moment after the word has gone over it.
  CHECK(eventually([&] {
    const auto all = descriptors_of(kept.keeper);
    return std::none_of(all.begin(), all.end(), [&](int fd) {
      return link_of(kept.keeper, "fd/" + std::to_string(fd)).rfind("socket:", 0) == 0;
    });
  }));
  const std::string file = std::filesystem::canonical(directory.path("kept"));
  for (const int fd : descriptors_of(kept.keeper)) {
    const std::string target = link_of(kept.keeper, "fd/" + std::to_string(fd));
    CAPTURE(fd);
    CAPTURE(target);
    if (fd < 3) {
      CHECK(target == "/dev/null");
    } else if (fd == 7) {
      CHECK(target == file);
    } else {
      const bool is_own = target == "/dev/null" || target.rfind("/proc", 0) == 0 ||
                          target.rfind("anon_inode:", 0) == 0;
      CHECK(is_own);
    }
  }
  CHECK(descriptors_of(kept.child) == std::set<int>{0, 1, 2, 8});
  terminal.expect_hangup();
}

TEST_CASE("a keeper says in the process list whose it is and not what else was asked for") {
  const Cleanup cleanup;
  TemporaryDirectory directory;
  const Words ours{"--status-file=" + directory.path("status"), "--env=PASSWORD=confidential"};
  const Kept kept = keep(ours + probe("sleep", {"confidential"}));
  const std::string title = read_file(proc(kept.keeper, "cmdline"));
  const std::string expected =
      "tether: keeper of " + std::to_string(kept.child) + ": " + tool("probe");
  CHECK(std::string(title.c_str()) == expected);
  CHECK(title.find_first_not_of('\0', expected.size()) == std::string::npos);
}

TEST_CASE("a keeper records the exact status in a file that is whole whenever it is read") {
  struct Case {
    Words command;
    int status;
    const char* signal;
  };
  TemporaryDirectory directory;
  const std::string path = directory.path("status");
  for (const Case& each :
       {Case{probe("exit", {"7"}), 7, nullptr}, Case{probe("exit", {"0"}), 0, nullptr},
        Case{probe("kill", {"9"}), 137, "SIGKILL"}, Case{probe("kill", {"2"}), 130, "SIGINT"}}) {
    CAPTURE(each.status);
    const Cleanup cleanup;
    directory.write("status", "stale\n");
    // How it goes on is not the starter's affair.
    CHECK(run(Words{"-d", "--status-file=" + path} + each.command).exit_code == 0);
    const auto records = records_in(path, 2);
    CHECK(records[0].at("held_by") == "keeper");
    CHECK(records[1].at("record") == "exit");
    CHECK(records[1].at("exit_status") == each.status);
    CHECK(records[1].at("signal") == (each.signal ? Json(each.signal) : Json(nullptr)));
    CHECK(records[1].at("code") == (each.signal ? "killed" : "exited"));
    CHECK(records[1].at("cause") == "command");
    CHECK(std::distance(std::filesystem::directory_iterator(directory.path()), {}) == 1);
  }
}

TEST_CASE("a keeper writes to the status descriptor and lets go of it at the end") {
  for (const int fd : {7, 1}) {
    for (const Words& more : {Words{}, Words{"--json"}}) {
      CAPTURE(fd);
      CAPTURE(joined(more));
      const Cleanup cleanup;
      TemporaryDirectory directory;
      Connection pipe = Connection::pipe(1);
      const Words ours{"-d", "--status-fd=" + std::to_string(fd), "--log=" + directory.path("log")};
      CHECK(run(ours + more + probe("term", {"3"}), pipe.as(fd)).exit_code == 0);
      pipe.theirs.reset();
      const pid_t keeper = children_of(::getpid()).at(0);
      const pid_t child = children_of(keeper).at(0);
      REQUIRE(eventually([&] { return read_file(directory.path("log")) == "ready\n"; }));
      REQUIRE(::kill(child, SIGTERM) == 0);
      const auto records = parse_records(read_to_end(pipe.ours.get()));
      REQUIRE(records.size() == 2);
      CHECK(records[0].at("supervisor_pid") == keeper);
      CHECK(records[1].at("pid") == child);
      CHECK(records[1].at("exit_status") == 3);
    }
  }
}

TEST_CASE("standard output gets the start from a detached job with a keeper and then ends") {
  const Cleanup cleanup;
  TemporaryDirectory directory;
  Connection pipe = Connection::pipe(1);
  const Words ours{"-d", "--json", "--status-file=" + directory.path("status")};
  CHECK(run(ours + probe("sleep"), pipe.as(1)).exit_code == 0);
  pipe.theirs.reset();
  const auto records = parse_records(read_to_end(pipe.ours.get()));
  REQUIRE(records.size() == 1);
  const auto child = records[0].at("pid").get<pid_t>();
  CHECK(probe_sits(child));
  REQUIRE(::kill(child, SIGKILL) == 0);
  CHECK(records_in(directory.path("status"), 2)[0] == records[0]);
}

TEST_CASE("the files of a keeper are where its caller meant them") {
  const Cleanup cleanup;
  TemporaryDirectory directory;
  std::filesystem::create_directory(directory.path("sub"));
  Setup setup;
  setup.before_exec = [path = directory.path()] { (void)!::chdir(path.c_str()); };
  const Kept kept =
      keep(Words{"--status-file=status", "--pidfile=pid", "--chdir=sub"} + probe("sleep"), setup);
  CHECK(read_file(directory.path("pid")) == std::to_string(kept.child) + "\n");
  REQUIRE(::kill(kept.child, SIGKILL) == 0);
  CHECK(records_in(directory.path("status"), 2)[1].at("signal") == "SIGKILL");
  CHECK(eventually([&] { return !exists(directory.path("pid")); }));
  CHECK(std::filesystem::is_empty(directory.path("sub")));
}

TEST_CASE("a failed exec comes through a keeper as one message and one record") {
  TemporaryDirectory directory;
  const std::string status = directory.path("status");
  directory.write("text", "hello\n");
  for (const auto& [command, code, error] : {std::tuple{std::string("/no/such"), 127, "ENOENT"},
                                             std::tuple{directory.path("text"), 126, "EACCES"}}) {
    directory.write("status", "stale\n");
    const Finished finished = run({"-d", "--json", "--status-file=" + status, command});
    CHECK(finished.exit_code == code);
    CHECK(finished.first_error_line().rfind("tether: cannot run '" + command + "': ", 0) == 0);
    CHECK(std::count(finished.err.begin(), finished.err.end(), '\n') == 1);
    REQUIRE(finished.records.size() == 1);
    CHECK(finished.records[0].at("errno") == error);
    CHECK(finished.records[0].at("exit_status") == code);
    CHECK(parse_records(read_file(status)) == finished.records);
    CHECK(run(Words{"-d"} + autokill() + Words{command}).exit_code == code);
    CHECK(OrphanCollector().all_are_gone());
  }
}

TEST_CASE("what fails before the spawn comes through a keeper too") {
  TemporaryDirectory directory;
  const Finished finished =
      run(Words{"-d", "--status-file=" + directory.path("no/such/status")} + probe("sleep"));
  CHECK(finished.exit_code == 125);
  CHECK(finished.err == "tether: cannot write '" + directory.path("no/such/status") +
                            "': No such file or directory\n");
  CHECK(OrphanCollector().all_are_gone());
}

TEST_CASE("a signal to the keeper reaches its job") {
  const Cleanup cleanup;
  TemporaryDirectory directory;
  const std::string out = directory.path("out");
  const Words ours{"--status-file=" + directory.path("status"), "--stdout=" + out};
  const Kept kept = keep(ours + probe("fork"));
  // To the whole group: the one that speaks is not the main process.
  REQUIRE(eventually([&] { return read_file(out) == "ready\n"; }));
  REQUIRE(::kill(kept.keeper, SIGTERM) == 0);
  REQUIRE(eventually([&] { return read_file(out) == "ready\ngot 15\n"; }));
  REQUIRE(::kill(kept.keeper, SIGUSR2) == 0);
  CHECK(records_in(directory.path("status"), 2)[1].at("status") == 0);
}

TEST_CASE("a job that a signal to the keeper has ended is put down to it") {
  const Cleanup cleanup;
  TemporaryDirectory directory;
  const Kept kept = keep(Words{"--status-file=" + directory.path("status")} + probe("sleep"));
  REQUIRE(::kill(kept.keeper, SIGTERM) == 0);
  const Json exit = records_in(directory.path("status"), 2)[1];
  CHECK(exit.at("signal") == "SIGTERM");
  CHECK(exit.at("cause") == "signal");
}

TEST_CASE("a stopped job does not stop its keeper") {
  const Cleanup cleanup;
  TemporaryDirectory directory;
  const Kept kept = keep(Words{"--status-file=" + directory.path("status")} + probe("sleep"));
  REQUIRE(::kill(kept.child, SIGSTOP) == 0);
  REQUIRE(eventually([&] { return state_of(kept.child) == 'T'; }));
  REQUIRE(::kill(kept.keeper, SIGCONT) == 0);
  CHECK(eventually([&] { return state_of(kept.child) == 'S'; }));
  CHECK(eventually([&] { return state_of(kept.keeper) == 'S'; }));
}

TEST_CASE("a hangup of the terminal reaches neither a detached job nor its keeper") {
  for (const Words& more : {Words{}, Words{"--status-file=/dev/null"}}) {
    CAPTURE(joined(more));
    const Cleanup cleanup;
    TemporaryDirectory directory;
    const std::string out = directory.path("out");
    {
      PseudoTerminal terminal;
      const Words ours{"-d", "--stdout=" + out};
      CHECK(run(ours + more + probe("catch"), terminal.on({0, 1, 2})).exit_code == 0);
      REQUIRE(eventually([&] { return read_file(out) == "ready\n"; }));
    }
    const auto left = children_of(::getpid());
    REQUIRE(left.size() == 1);
    // By the keeper, if there is one. A hangup would be the first to be said.
    REQUIRE(::kill(left[0], SIGUSR1) == 0);
    CHECK(eventually([&] { return read_file(out).find("got 10\n") != std::string::npos; }));
    CHECK(read_file(out) == "ready\ngot 10\n");
  }
}

TEST_CASE("a job without a tie lives on when its keeper is killed") {
  const Cleanup cleanup;
  TemporaryDirectory directory;
  const Kept kept = keep(Words{"--status-file=" + directory.path("status")} + probe("sleep"));
  REQUIRE(::kill(kept.keeper, SIGKILL) == 0);
  CHECK(OrphanCollector().is_gone(kept.keeper));
  CHECK(parent_of(kept.child) == ::getpid());
  CHECK(state_of(kept.child) == 'S');
  CHECK(parse_records(read_file(directory.path("status"))).size() == 1);
}

TEST_CASE("a job that is tied to its keeper dies with it whatever it has become") {
  std::vector<std::pair<Words, Words>> cases = {{autokill(), probe("sleep")},
                                                {{"--autokill", "--nnp"}, probe("sleep")}};
  if (is_root()) cases.push_back({autokill(), probe("setuid", {"12345"})});
  for (const auto& each : cases) {
    const Words& ours = each.first;
    const Words& command = each.second;
    CAPTURE(joined(ours + command));
    const Cleanup cleanup;
    TemporaryDirectory directory;
    const std::string out = directory.path("out");
    const Kept kept = keep(ours + Words{"--stdout=" + out} + command);
    REQUIRE(eventually([&] { return read_file(out) == "ready\n"; }));
    REQUIRE(::kill(kept.keeper, SIGKILL) == 0);
    CHECK(OrphanCollector().is_gone(kept.child));
  }
}

TEST_CASE("a keeper goes on when the tether that waits for the start is killed") {
  const Cleanup cleanup;
  TemporaryDirectory directory;
  const std::string status = directory.path("status");
  Connection gate = Connection::pipe(0);
  Running running(Words{"-d", "--block-fd=7", "--status-file=" + status} + probe("exit", {"3"}),
                  gate.as(7));
  gate.theirs.reset();
  CHECK(records_in(status, 1)[0].at("record") == "spawned");
  running.send(SIGKILL);
  CHECK(running.wait().signal == SIGKILL);
  gate.ours.reset();
  REQUIRE(
      eventually([&] { return parse_records(read_file(status)).back().at("record") == "exit"; }));
  CHECK(parse_records(read_file(status)).back().at("status") == 3);
}

TEST_CASE("a keeper ends with its job and is no zombie where the kernel sees to it") {
  for (const Words& ours : {Words{"--status-file=/dev/null"}, autokill()}) {
    CAPTURE(joined(ours));
    const Cleanup cleanup;
    const Kept kept = keep(ours + probe("sleep"));
    REQUIRE(::kill(kept.child, SIGKILL) == 0);
    // Nobody waits for it here.
    CHECK(eventually([&] {
      const auto state = state_of(kept.keeper);
      return kernel_has_flags() ? !state : state == 'Z';
    }));
    CHECK_FALSE(state_of(kept.child).has_value());
  }
}
