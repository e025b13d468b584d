// --status-file: a file that is whole whenever it is read, or something else that is written to.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "detached.hpp"

using namespace tether::test;

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
  CHECK(mode_of(directory.path("status")) == 0600);
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
