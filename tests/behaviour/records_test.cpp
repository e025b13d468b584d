// The records, wherever they go; and what happens when they cannot get there.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <filesystem>

#include "harness.hpp"
#include "schema.hpp"

using namespace tether::test;

namespace {

// A pipe whose writing end tether inherits as descriptor 7.
struct StatusPipe {
  tether::UniqueFd read_end;
  tether::UniqueFd write_end;

  StatusPipe() {
    std::array<int, 2> ends{};
    REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
    read_end.reset(ends[0]);
    write_end.reset(ends[1]);
  }
  [[nodiscard]] Setup setup() const {
    Setup setup;
    setup.before_exec = [fd = write_end.get()] { (void)::dup2(fd, 7); };
    return setup;
  }
  // Everything until the end of file, which must come.
  std::string read_to_end() {
    write_end.reset();
    std::string text;
    std::array<char, 65536> buffer;
    pollfd readable{read_end.get(), POLLIN, 0};
    while (::poll(&readable, 1, 30000) > 0) {
      const ssize_t got = ::read(read_end.get(), buffer.data(), buffer.size());
      if (got <= 0) return text;
      text.append(buffer.data(), static_cast<std::size_t>(got));
    }
    FAIL("no end of file");
    return text;
  }
};

}  // namespace

TEST_CASE("start and exit records have every field of the contract") {
  const Finished finished = run(Words{"--json"} + probe("exit", {"2"}));
  REQUIRE(finished.records.size() == 2);
  const Json& start = finished.records[0];
  const Json& exit = finished.records[1];
  CHECK(start.at("record") == "start");
  CHECK(start.at("command") == Json(probe("exit", {"2"})));
  CHECK(start.at("held_by") == "tether");
  CHECK(exit.at("record") == "exit");
  CHECK(exit.at("pid") == start.at("pid"));
  CHECK(exit.at("code") == "exited");
  CHECK(exit.at("status") == 2);
  CHECK(exit.at("signal").is_null());
  CHECK(exit.at("cause") == "command");
  CHECK(exit.at("usage_from") == "wait");
  CHECK(exit.at("exit_status") == 2);
}

TEST_CASE("a killed child and one that exited 137 are told apart") {
  const Json killed = run(Words{"--json"} + probe("kill", {"9"})).record("exit");
  const Json exited = run(Words{"--json"} + probe("exit", {"137"})).record("exit");
  CHECK(killed.at("exit_status") == exited.at("exit_status"));
  CHECK(killed.at("code") == "killed");
  CHECK(killed.at("signal") == "SIGKILL");
  CHECK(killed.at("status").is_null());
  CHECK(exited.at("code") == "exited");
  CHECK(exited.at("status") == 137);
}

TEST_CASE("a core dump is reported as one") {
  TemporaryDirectory directory;
  const Words ours{"--json", "-C", directory.path()};
  for (const Words& more : {Words{}, Words{"--autoreap"}}) {
    const Finished finished = run(ours + more + probe("dump"));
    CHECK(finished.exit_code == 128 + SIGABRT);
    const Json exit = finished.record("exit");
    CHECK(exit.at("signal") == "SIGABRT");
    // Whether there is a core depends on core_pattern; in the virtual machine it is a file.
    if (std::getenv("TETHER_VM") != nullptr) CHECK(exit.at("code") == "dumped");
  }
}

TEST_CASE("arguments that are not UTF-8 become replacement characters in the record only") {
  const std::string odd = "caf\xe9 \xff\xfe \xc3\xa4";
  const Finished finished = run(Words{"--json"} + probe("args", {odd}));
  CHECK(finished.record("start").at("command").at(2) == "caf\ufffd \ufffd\ufffd \u00e4");
  CHECK(finished.out.find("636166e920fffe20c3a4\n") != std::string::npos);
}

TEST_CASE("a long command is cut in the record and whole for the child") {
  TemporaryDirectory directory;
  const Words ours{"--status-file=" + directory.path("status")};
  Words words;
  for (int i = 0; i < 1000; ++i) words.push_back("argument-" + std::to_string(i));
  const Finished finished = run(ours + probe("args", words));
  CHECK(std::count(finished.out.begin(), finished.out.end(), '\n') == 1000);
  const Json start = parse_records(read_file(directory.path("status"))).at(0);
  CHECK(start.at("command_truncated") == true);
  CHECK(start.at("command").at(2) == "argument-0");
  const Finished huge = run(Words{"--json"} + probe("exit", {"0", std::string(100000, '\x01')}));
  CHECK(huge.record("start").at("command_truncated") == true);
}

TEST_CASE(
    "the times of a busy child are exact when it is waited for and a lower bound when sampled") {
  const Json exact = run(Words{"--json"} + probe("burn", {"300"})).record("exit");
  CHECK(exact.at("usage_from") == "wait");
  CHECK(exact.at("user_s").get<double>() + exact.at("system_s").get<double>() >= 0.3);
  CHECK(exact.at("max_rss_kib") > 0);
  const Json sampled = run(Words{"--json", "--autoreap"} + probe("burn", {"300"})).record("exit");
  CHECK(sampled.at("usage_from") == (kernel_has_flags() ? "sampled" : "wait"));
  CHECK(sampled.at("user_s").get<double>() + sampled.at("system_s").get<double>() > 0.15);
  CHECK(sampled.at("max_rss_kib") > 0);
}

TEST_CASE("a status descriptor gets the same records and COMMAND never holds it") {
  StatusPipe pipe;
  Running running(Words{"--status-fd=7", "--json"} + probe("fds"), pipe.setup());
  running.close_input();
  const std::string records = pipe.read_to_end();
  const Finished finished = running.wait();
  CHECK(parse_records(records) == finished.records);
  CHECK(finished.out.find("0 1 2 \n") != std::string::npos);
}

TEST_CASE("a status descriptor that COMMAND outlives nothing of ends when tether ends") {
  StatusPipe pipe;
  // COMMAND leaves a process in the background: it must not hold the pipe open.
  Running running({"--status-fd=7", "--", "/bin/sh", "-c", "sleep 1000 >/dev/null 2>&1 & echo $!"},
                  pipe.setup());
  running.expect_output("\n");
  const pid_t left = std::stoi(running.out());
  CHECK(parse_records(pipe.read_to_end()).size() == 2);
  CHECK(::kill(left, SIGKILL) == 0);
}

TEST_CASE("a status file is whole or not there and holds the start before COMMAND runs") {
  TemporaryDirectory directory;
  const std::string path = directory.path("status");
  directory.write("status", "stale\n");
  const Finished finished = run({"--status-file=" + path, "--", "/bin/sh", "-c", "cat " + path});
  REQUIRE(finished.records.size() == 1);
  CHECK(finished.records[0].at("record") == "start");
  const auto records = parse_records(read_file(path));
  REQUIRE(records.size() == 2);
  CHECK(records[0] == finished.records[0]);
  CHECK(records[1].at("record") == "exit");
  // Nothing else is left there.
  CHECK(std::distance(std::filesystem::directory_iterator(directory.path()), {}) == 1);
}

TEST_CASE("a failed exec leaves one error record in the status file") {
  TemporaryDirectory directory;
  // Looks as if it could run: a directory may be "executed", but is no interpreter.
  directory.write("broken", "#!/\n", 0755);
  for (const std::string& command : {std::string("/no/such"), directory.path("broken")}) {
    CAPTURE(command);
    const Finished finished = run({"--status-file=" + directory.path("status"), command});
    CHECK(finished.exit_code >= 126);
    const auto records = parse_records(read_file(directory.path("status")));
    REQUIRE(records.size() == 1);
    CHECK(records[0].at("record") == "error");
  }
}

TEST_CASE("an error before the spawn leaves the status file out of it") {
  TemporaryDirectory directory;
  const Finished finished = run({"--status-file=" + directory.path("no/such/status"), "true"});
  CHECK(finished.exit_code == 125);
  CHECK(finished.err == "tether: cannot write '" + directory.path("no/such/status") +
                            "': No such file or directory\n");
  CHECK(run({"--status-file=" + directory.path(), "true"}).exit_code == 125);
  CHECK(std::filesystem::is_empty(directory.path()));
}

TEST_CASE("a status file behind a symbolic link is replaced and the link stays") {
  TemporaryDirectory directory;
  directory.write("real", "old\n");
  std::filesystem::create_symlink("real", directory.path("link"));
  CHECK(run(Words{"--status-file=" + directory.path("link")} + probe("exit", {"0"})).exit_code ==
        0);
  CHECK(std::filesystem::is_symlink(directory.path("link")));
  CHECK(parse_records(read_file(directory.path("real"))).size() == 2);
}

TEST_CASE("a status file that does not exist yet is made where its link leads") {
  TemporaryDirectory directory;
  std::filesystem::create_symlink("later", directory.path("link"));
  CHECK(run(Words{"--status-file=" + directory.path("link")} + probe("exit", {"0"})).exit_code ==
        0);
  CHECK(std::filesystem::is_symlink(directory.path("link")));
  CHECK(parse_records(read_file(directory.path("later"))).size() == 2);
}

TEST_CASE("a status file keeps its mode") {
  TemporaryDirectory directory;
  directory.write("status", "old\n", 0600);
  CHECK(run(Words{"--status-file=" + directory.path("status")} + probe("exit", {"0"})).exit_code ==
        0);
  struct stat file {};
  REQUIRE(::stat(directory.path("status").c_str(), &file) == 0);
  CHECK((file.st_mode & 0777) == 0600);
}

TEST_CASE("a status file that is a descriptor by name is written to and not replaced") {
  TemporaryDirectory directory;
  const std::string path = directory.path("out");
  Setup setup;
  setup.before_exec = [path] {
    (void)::dup2(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644), 1);
  };
  for (const char* name : {"/proc/self/fd/1", "/dev/stdout", "/dev/fd/1"}) {
    CAPTURE(name);
    if (!exists(name)) continue;
    CHECK(
        run(Words{"--status-file=" + std::string(name)} + probe("args", {"x"}), setup).exit_code ==
        0);
  }
  const std::string text = read_file(path);
  CHECK(parse_records(text).size() >= 2);
  CHECK(text.find("78\n") != std::string::npos);
  CHECK(std::distance(std::filesystem::directory_iterator(directory.path()), {}) == 1);
}

TEST_CASE("a status file that is a FIFO is written to") {
  TemporaryDirectory directory;
  REQUIRE(::mkfifo(directory.path("fifo").c_str(), 0600) == 0);
  Running running(Words{"--status-file=" + directory.path("fifo")} + probe("exit", {"0"}));
  const std::string records = read_file(directory.path("fifo"));
  CHECK(parse_records(records).size() == 2);
  CHECK(running.wait().exit_code == 0);
  CHECK(std::filesystem::is_fifo(directory.path("fifo")));
}

TEST_CASE("a descriptor that is closed or only readable is refused before anything runs") {
  TemporaryDirectory directory;
  const Words command{"--", "/bin/sh", "-c", "echo > " + directory.path("made")};
  Finished finished = run(Words{"--status-fd=7"} + command);
  CHECK(finished.exit_code == 125);
  CHECK(finished.err == "tether: --status-fd=7: Bad file descriptor\n");
  CHECK(run(Words{"--status-fd=0"} + command).exit_code == 125);
  CHECK(run(Words{"--keep-fd=7"} + command).err == "tether: --keep-fd=7: Bad file descriptor\n");
  Setup closed;
  closed.before_exec = [] { (void)::close(1); };
  finished = run(Words{"--json"} + command, closed);
  CHECK(finished.exit_code == 125);
  CHECK(finished.err == "tether: standard output: Bad file descriptor\n");
  CHECK_FALSE(exists(directory.path("made")));
}

TEST_CASE("a reader that went away is reported and the child goes on") {
  Running running(Words{"--json"} + probe("term", {"7"}));
  running.expect_output("ready");
  running.close_output();
  running.send(SIGTERM);
  const Finished finished = running.wait();
  CHECK(finished.exit_code == 7);
  CHECK(finished.err == "tether: cannot write records to standard output: Broken pipe\n");
}

TEST_CASE("a full disk is reported and the child goes on") {
  Setup setup;
  setup.before_exec = [] { (void)::dup2(::open("/dev/full", O_WRONLY), 7); };
  const Finished finished = run(Words{"--status-fd=7"} + probe("exit", {"7"}), setup);
  CHECK(finished.exit_code == 7);
  CHECK(finished.err == "tether: cannot write records to --status-fd=7: No space left on device\n");
}

TEST_CASE(
    "a status file that cannot be written is reported once and no old one is left to be believed") {
  TemporaryDirectory directory;
  directory.write("status", "old\n");
  Setup setup;
  setup.before_exec = [] {
    const rlimit nothing{0, 0};
    (void)::setrlimit(RLIMIT_FSIZE, &nothing);
  };
  const Finished finished =
      run(Words{"--status-file=" + directory.path("status")} + probe("exit", {"7"}), setup);
  CHECK(finished.exit_code == 7);
  CHECK(finished.err ==
        "tether: cannot write '" + directory.path("status") + "': File too large\n");
  CHECK(std::filesystem::is_empty(directory.path()));
}

TEST_CASE("a status pipe that is full does not keep tether from its child") {
  StatusPipe pipe;
  REQUIRE(::fcntl(pipe.write_end.get(), F_SETFL, O_NONBLOCK) == 0);
  const std::string filling(4096, 'x');
  while (::write(pipe.write_end.get(), filling.data(), filling.size()) > 0) {
  }
  REQUIRE(::fcntl(pipe.write_end.get(), F_SETFL, 0) == 0);
  Running running(Words{"--status-fd=7"} + probe("catch"), pipe.setup());
  running.expect_output("ready");
  running.send(SIGUSR1);
  running.expect_output("got 10");
  running.send(SIGUSR2);
  // The records come once there is room.
  const std::string text = pipe.read_to_end();
  CHECK(parse_records(text.substr(text.find('{'))).size() == 2);
  CHECK(running.wait().exit_code == 0);
}

TEST_CASE("a signal ends the wait for a reader that never reads") {
  StatusPipe pipe;
  REQUIRE(::fcntl(pipe.write_end.get(), F_SETFL, O_NONBLOCK) == 0);
  const std::string filling(4096, 'x');
  while (::write(pipe.write_end.get(), filling.data(), filling.size()) > 0) {
  }
  Running running(Words{"--status-fd=7", "--print-pid"} + probe("exit", {"7"}), pipe.setup());
  const pid_t child = running.child();
  // Before that the signal would be the child's.
  REQUIRE(eventually([child] { return !state_of(child).has_value(); }));
  running.send(SIGTERM);
  const Finished finished = running.wait();
  CHECK(finished.exit_code == 7);
  CHECK(finished.err.find("tether: cannot write records to --status-fd=7: ") == 0);
}

TEST_CASE("the schema refuses records that tether does not write") {
  const Json good = run(Words{"--json"} + probe("exit", {"0"})).record("exit");
  REQUIRE(violations(good).empty());
  Json bad = good;
  bad["cause"] = "weather";
  CHECK_FALSE(violations(bad).empty());
  bad = good;
  bad["unheard_of"] = 1;
  CHECK_FALSE(violations(bad).empty());
  bad = good;
  bad.erase("elapsed_s");
  CHECK_FALSE(violations(bad).empty());
  bad = good;
  bad["code"] = "killed";  // without a signal
  CHECK_FALSE(violations(bad).empty());
}
