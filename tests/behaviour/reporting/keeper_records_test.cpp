// The records and files that a keeper sees to.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>

#include "keeper.hpp"

using namespace tether::test;

KERNEL_TEST_CASE("records on standard output alone leave no keeper") {
  const Cleanup cleanup;
  const Finished finished = run(Words{"-d", "--json"} + probe("sleep"));
  CHECK(finished.record("start").at("held_by") == "nobody");
  CHECK(children_of(::getpid()) == std::vector<pid_t>{finished.record("start").at("pid")});
}

KERNEL_TEST_CASE("a keeper records the exact status in a file that is whole whenever it is read") {
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

KERNEL_TEST_CASE("a keeper writes to the status descriptor and lets go of it at the end") {
  for (const int fd : {7, 1}) {
    for (const Words& more : {Words{}, Words{"--json"}}) {
      CAPTURE(fd);
      CAPTURE(joined(more));
      const Cleanup cleanup;
      TemporaryDirectory directory;
      Connection pipe = Connection::pipe(1);
      const Words ours{"-d", "--status-fd=" + std::to_string(fd), "--log=" + directory.path("log")};
      CHECK(run(ours + more + probe("term", {"3"}), pipe.as(fd)).exit_code == 0);
      const pid_t keeper = children_of(::getpid()).at(0);
      const pid_t child = children_of(keeper).at(0);
      REQUIRE(eventually([&] { return read_file(directory.path("log")) == "ready\n"; }));
      REQUIRE(::kill(child, SIGTERM) == 0);
      const auto records = parse_records(pipe.read_to_end());
      REQUIRE(records.size() == 2);
      CHECK(records[0].at("supervisor_pid") == keeper);
      CHECK(records[1].at("pid") == child);
      CHECK(records[1].at("exit_status") == 3);
    }
  }
}

KERNEL_TEST_CASE("standard output gets the start from a detached job with a keeper and then ends") {
  const Cleanup cleanup;
  TemporaryDirectory directory;
  Connection pipe = Connection::pipe(1);
  const Words ours{"-d", "--json", "--status-file=" + directory.path("status")};
  CHECK(run(ours + probe("sleep"), pipe.as(1)).exit_code == 0);
  const auto records = parse_records(pipe.read_to_end());
  REQUIRE(records.size() == 1);
  const auto child = records[0].at("pid").get<pid_t>();
  CHECK(probe_sits(child));
  REQUIRE(::kill(child, SIGKILL) == 0);
  CHECK(records_in(directory.path("status"), 2)[0] == records[0]);
}

KERNEL_TEST_CASE("the files of a keeper are where its caller meant them") {
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

KERNEL_TEST_CASE("a failed exec comes through a keeper as one message and one record") {
  TemporaryDirectory directory;
  const std::string status = directory.path("status");
  directory.write("text", "hello\n");
  for (const auto& [command, code, error] : {std::tuple{std::string("/no/such"), 127, "ENOENT"},
                                             std::tuple{directory.path("text"), 126, "EACCES"}}) {
    directory.write("status", "stale\n");
    const Finished finished = run({"-d", "--json", "--status-file=" + status, command});
    CHECK(finished.exit_code == code);
    CHECK(finished.first_error_line().rfind("tether: cannot run '" + command + "': ", 0) == 0);
    // One message, with what can be done about it.
    CHECK(std::count(finished.err.begin(), finished.err.end(), '\n') == (code == 126 ? 2 : 1));
    REQUIRE(finished.records.size() == 1);
    CHECK(finished.records[0].at("errno") == error);
    CHECK(finished.records[0].at("exit_status") == code);
    CHECK(parse_records(read_file(status)) == finished.records);
    CHECK(run(Words{"-d"} + autokill() + Words{command}).exit_code == code);
    CHECK(OrphanCollector().all_are_gone());
  }
}

KERNEL_TEST_CASE("what fails before the spawn comes through a keeper too") {
  TemporaryDirectory directory;
  const Finished finished =
      run(Words{"-d", "--status-file=" + directory.path("no/such/status")} + probe("sleep"));
  CHECK(finished.exit_code == 125);
  CHECK(finished.err == "tether: cannot write '" + directory.path("no/such/status") +
                            "': No such file or directory\n");
  CHECK(OrphanCollector().all_are_gone());
}

KERNEL_TEST_CASE("a job that a signal to the keeper has ended is put down to it") {
  const Cleanup cleanup;
  TemporaryDirectory directory;
  const Kept kept = keep(Words{"--status-file=" + directory.path("status")} + probe("sleep"));
  REQUIRE(::kill(kept.keeper, SIGTERM) == 0);
  const Json exit = records_in(directory.path("status"), 2)[1];
  CHECK(exit.at("signal") == "SIGTERM");
  CHECK(exit.at("cause") == "signal");
}

KERNEL_TEST_CASE("a keeper has nothing but records to say once the start is over") {
  const Cleanup cleanup;
  TemporaryDirectory directory;
  const std::string log = directory.path("log");
  Connection pipe = Connection::pipe(2);
  CHECK(run(Words{"-dv", "--status-fd=2", "--log=" + log} + probe("term", {"3"}), pipe.as(2))
            .exit_code == 0);
  const std::string start = pipe.read_available();
  CHECK(parse_records(start).size() == 1);
  CHECK(std::count(start.begin(), start.end(), '\n') > 1);
  REQUIRE(eventually([&] { return read_file(log) == "ready\n"; }));
  REQUIRE(::kill(parse_records(start).at(0).at("pid").get<pid_t>(), SIGTERM) == 0);
  const std::string rest = pipe.read_to_end();
  CHECK(std::count(rest.begin(), rest.end(), '\n') == 1);
  REQUIRE(parse_records(rest).size() == 1);
  CHECK(parse_records(rest)[0].at("exit_status") == 3);
}

// As a shell hands over what >(...) stands for.
TEST_CASE("a file that is a descriptor by name is the same for a keeper as without one") {
  TemporaryDirectory directory;
  const std::string names = exists("/dev/fd") ? "/dev/fd/" : "/proc/self/fd/";
  for (const int fd : {3, 4, 5, 6, 7, 8, 9, 10, 63}) {
    CAPTURE(fd);
    const std::string name = names + std::to_string(fd);
    for (const Words& mode :
         {Words{}, Words{"-dq"}, Words{"-dq", "--status-file=" + directory.path("status")}}) {
      CAPTURE(joined(mode));
      // open(2) does not open a socket by name.
      for (auto* const connect : {Connection::pipe, Connection::socket}) {
        const Cleanup cleanup;
        Connection connection = connect(1);
        const Words words = mode + Words{"--log=" + name, "--", "/bin/sh", "-c", "echo said"};
        const Finished finished = run(words, connection.as(fd));
        CHECK_MESSAGE(finished.exit_code == 0, finished.err);
        CHECK(connection.read_to_end() == "said\n");
      }
    }
    for (const Words& mode : {Words{}, Words{"-dq"}}) {
      CAPTURE(joined(mode));
      for (auto* const connect : {Connection::pipe, Connection::socket}) {
        const Cleanup cleanup;
        Connection connection = connect(1);
        const Words words = mode + Words{"--status-file=" + name} + probe("exit", {"3"});
        const Finished finished = run(words, connection.as(fd));
        CHECK_MESSAGE(finished.exit_code == (mode.empty() ? 3 : 0), finished.err);
        const auto records = parse_records(connection.read_to_end());
        REQUIRE(records.size() == 2);
        CHECK(records[1].at("status") == 3);
      }
    }
  }
}

TEST_CASE("standard output and standard input that are sockets can be named") {
  Connection output = Connection::socket(1);
  const Finished said =
      run({"--stderr=/dev/stdout", "--stdout=/dev/null", "--", "/bin/sh", "-c", "echo said >&2"},
          output.as(1));
  CHECK_MESSAGE(said.exit_code == 0, said.err);
  CHECK(output.read_to_end() == "said\n");
  Connection input = Connection::socket(0);
  REQUIRE(::write(input.ours.get(), "asked\n", 6) == 6);
  input.ours.reset();
  const Finished read = run({"--stdin=/dev/stdin", "cat"}, input.as(0));
  CHECK_MESSAGE(read.exit_code == 0, read.err);
  CHECK(read.out == "asked\n");
}

TEST_CASE("a descriptor that was opened as a place is opened by its name, to be read") {
  TemporaryDirectory directory;
  REQUIRE(::mkfifo(directory.path("fifo").c_str(), 0600) == 0);
  // Both ways: it waits for no other process, and what is written stays there.
  const tether::UniqueFd both(::open(directory.path("fifo").c_str(), O_RDWR | O_CLOEXEC));
  REQUIRE(::write(both.get(), "asked\n", 6) == 6);
  const tether::UniqueFd place(::open(directory.path("fifo").c_str(), O_PATH | O_CLOEXEC));
  Setup setup;
  setup.before_exec = [fd = place.get()] { (void)::dup2(fd, 7); };
  const Finished finished =
      run({"--stdin=/dev/fd/7", "--", "/bin/sh", "-c", "read x; echo $x"}, setup);
  CHECK_MESSAGE(finished.exit_code == 0, finished.err);
  CHECK(finished.out == "asked\n");
}
