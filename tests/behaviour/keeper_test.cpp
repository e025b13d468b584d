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
    CAPTURE(ours);
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
  const Kept kept = keep(Words{"--status-fd=7", "--keep-fd=8", "--chdir=sub", "--stdout=out"} +
                             probe("sleep"),
                         setup);
  CHECK(::getsid(kept.keeper) == kept.keeper);
  CHECK(::getsid(kept.child) == kept.child);
  CHECK(terminal_of(kept.keeper) == 0);
  CHECK(link_of(kept.keeper, "cwd") == "/");
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
      CHECK(target.find(directory.path()) == std::string::npos);
      CHECK((target.rfind("anon_inode:", 0) == 0 || target.rfind("/proc", 0) == 0));
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
    CAPTURE(fd);
    const Cleanup cleanup;
    Connection pipe = Connection::pipe(1);
    // With the records on standard output as well, they are there once.
    for (const Words& more : {Words{}, Words{"--json"}})
      if (fd == 7 || more.empty()) CAPTURE(more);
    const Finished finished = run(
        Words{"-d", "--status-fd=" + std::to_string(fd), "--json"} + probe("term", {"3"}),
        pipe.as(fd));
    CHECK(finished.exit_code == 0);
    pipe.theirs.reset();
    const pid_t keeper = children_of(::getpid()).at(0);
    CHECK(link_of(keeper, "fd/" + std::to_string(fd)).rfind("pipe:", 0) == 0);
    REQUIRE(::kill(keeper, SIGKILL) == 0);
    const auto records = parse_records(read_to_end(pipe.ours.get()));
    REQUIRE(records.size() == 1);
    CHECK(records[0].at("supervisor_pid") == keeper);
  }
}
