// What stays behind a detached child when somebody has to.
#include "keeper.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>

#include "pseudo_terminal.hpp"

using namespace tether::test;

KERNEL_TEST_CASE("a keeper holds a detached child and says so") {
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

KERNEL_TEST_CASE("a keeper has a session of its own and holds nothing of the caller's") {
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
  const std::string file = canonical(directory.path("kept"));
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

KERNEL_TEST_CASE("a keeper says in the process list whose it is and not what else was asked for") {
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

KERNEL_TEST_CASE("a signal to the keeper reaches its job") {
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

KERNEL_TEST_CASE("a stopped job does not stop its keeper") {
  const Cleanup cleanup;
  TemporaryDirectory directory;
  const Kept kept = keep(Words{"--status-file=" + directory.path("status")} + probe("sleep"));
  REQUIRE(::kill(kept.child, SIGSTOP) == 0);
  REQUIRE(eventually([&] { return state_of(kept.child) == 'T'; }));
  REQUIRE(::kill(kept.keeper, SIGCONT) == 0);
  CHECK(eventually([&] { return state_of(kept.child) == 'S'; }));
  CHECK(eventually([&] { return state_of(kept.keeper) == 'S'; }));
}

KERNEL_TEST_CASE("a hangup of the terminal reaches neither a detached job nor its keeper") {
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

KERNEL_TEST_CASE("a job without a tie lives on when its keeper is killed") {
  const Cleanup cleanup;
  TemporaryDirectory directory;
  const Kept kept = keep(Words{"--status-file=" + directory.path("status")} + probe("sleep"));
  REQUIRE(::kill(kept.keeper, SIGKILL) == 0);
  CHECK(is_gone(kept.keeper));
  CHECK(parent_of(kept.child) == ::getpid());
  CHECK(eventually([&] { return state_of(kept.child) == 'S'; }));
  CHECK(parse_records(read_file(directory.path("status"))).size() == 1);
}

KERNEL_TEST_CASE("a job that is tied to its keeper dies with it whatever it has become") {
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

KERNEL_TEST_CASE("a keeper goes on when the tether that waits for the start is killed") {
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

KERNEL_TEST_CASE("a keeper ends with its job and is no zombie where the kernel sees to it") {
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
