// Directory, mask, environment and descriptors of the child.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "harness.hpp"

using namespace tether::test;

namespace {

// Opens descriptors 5, 6 and 9 in tether.
Setup with_descriptors() {
  Setup setup;
  setup.before_exec = [] {
    for (const int fd : {5, 6, 9}) (void)::dup2(2, fd);
  };
  return setup;
}

}  // namespace

TEST_CASE("chdir comes before the look-up of COMMAND and does not move the files of tether") {
  TemporaryDirectory directory;
  std::filesystem::create_directory(directory.path("bin"));
  std::filesystem::copy(tool("probe"), directory.path("bin/here"));
  Setup setup;
  const std::string start = directory.path();
  setup.before_exec = [start] { (void)!::chdir(start.c_str()); };
  const Finished finished =
      run({"--chdir=bin", "--status-file=status", "./here", "identity"}, setup);
  CHECK(finished.exit_code == 0);
  CHECK(finished.out.find("cwd " + directory.path("bin") + "\n") != std::string::npos);
  CHECK(exists(directory.path("status")));
  // A relative element of PATH counts from there as well.
  CHECK(run({"-C", "bin", "--env=PATH=.", "here", "exit", "6"}, setup).exit_code == 6);
}

TEST_CASE("a directory that cannot be entered is an error before anything runs") {
  CHECK(run({"--chdir=/no/such", "true"}).err ==
        "tether: cannot change directory to '/no/such': No such file or directory\n");
  CHECK(run({"-C", "/dev/null", "true"}).err ==
        "tether: cannot change directory to '/dev/null': Not a directory\n");
  CHECK(run({"-C", "/dev/null", "true"}).exit_code == 125);
}

TEST_CASE("umask is the child's and leaves the files of tether alone") {
  TemporaryDirectory directory;
  Setup setup;
  setup.before_exec = [] { (void)::umask(022); };
  const Finished finished = run(
      Words{"--umask=077", "--status-file=" + directory.path("status")} + probe("identity"), setup);
  CHECK(finished.out.find("umask 077\n") != std::string::npos);
  struct stat file {};
  REQUIRE(::stat(directory.path("status").c_str(), &file) == 0);
  CHECK((file.st_mode & 0777) == 0644);
  CHECK(run(probe("identity"), setup).out.find("umask 022\n") != std::string::npos);
}

TEST_CASE("the environment is inherited changed and cleared in the order given") {
  Setup setup;
  setup.clear_environment = true;
  setup.environment = {"A=1", "B=2"};
  CHECK(run(probe("env"), setup).out == "A=1\nB=2\n");
  CHECK(run(Words{"--env=A=3", "--unset-env=B", "--env=C=x=y"} + probe("env"), setup).out ==
        "A=3\nC=x=y\n");
  CHECK(run(Words{"--env=B=4", "--clear-env"} + probe("env"), setup).out == "B=4\n");
  CHECK(run(Words{"--env=B=4", "--unset-env=B"} + probe("env"), setup).out == "A=1\n");
  CHECK(run(Words{"--unset-env=B", "--env=B=4"} + probe("env"), setup).out == "A=1\nB=4\n");
  CHECK(run(Words{"--clear-env"} + probe("env"), setup).out.empty());
  CHECK(run(Words{"--unset-env=nosuch"} + probe("env"), setup).out == "A=1\nB=2\n");
}

TEST_CASE("COMMAND is looked up by the PATH that the child gets") {
  TemporaryDirectory directory;
  std::filesystem::copy(tool("probe"), directory.path("only-here"));
  CHECK(run({"only-here", "exit", "4"}).exit_code == 127);
  CHECK(run({"--env=PATH=/nosuch:" + directory.path(), "only-here", "exit", "4"}).exit_code == 4);
  CHECK(run({"--env=PATH=", "only-here", "exit", "4"}).exit_code == 127);
  // Without one the system's default is searched.
  CHECK(run({"--unset-env=PATH", "sh", "-c", "exit 5"}).exit_code == 5);
  CHECK(run({"--clear-env", "sh", "-c", "exit 5"}).exit_code == 5);
}

TEST_CASE("a file on PATH that may not be executed does not hide a later one") {
  TemporaryDirectory directory;
  std::filesystem::create_directory(directory.path("a"));
  std::filesystem::create_directory(directory.path("b"));
  directory.write("a/tool", "", 0644);
  const std::string path = "--env=PATH=" + directory.path("a") + ":" + directory.path("b");
  CHECK(run({path, "tool"}).exit_code == 126);
  std::filesystem::copy(tool("probe"), directory.path("b/tool"));
  CHECK(run({path, "tool", "exit", "3"}).exit_code == 3);
}

TEST_CASE("a directory on PATH with the name of COMMAND is passed over") {
  TemporaryDirectory directory;
  std::filesystem::create_directories(directory.path("a/tool"));
  std::filesystem::create_directory(directory.path("b"));
  std::filesystem::copy(tool("probe"), directory.path("b/tool"));
  const std::string path = "--env=PATH=" + directory.path("a") + ":" + directory.path("b");
  CHECK(run({path, "tool", "exit", "3"}).exit_code == 3);
  const Finished dry_run = run({path, "--dry-run", "--json", "tool", "exit", "3"});
  CHECK(dry_run.record("dry-run").at("path") == directory.path("b/tool"));
}

TEST_CASE("descriptors are inherited unless they are closed and never any of tether's own") {
  const Setup setup = with_descriptors();
  CHECK(run(probe("fds"), setup).out == "0 1 2 5 6 9 \n");
  CHECK(run(Words{"--autokill", "--nnp", "--json", "--chdir=/"} + probe("fds"), setup)
            .out.find("0 1 2 5 6 9 \n") != std::string::npos);
  CHECK(run(Words{"--close-fds"} + probe("fds"), setup).out == "0 1 2 \n");
  CHECK(run(Words{"--close-fds", "--keep-fd=9", "--keep-fd=5"} + probe("fds"), setup).out ==
        "0 1 2 5 9 \n");
  CHECK(run(Words{"--close-fds", "--keep-fd=6", "--autokill", "--nnp"} + probe("fds"), setup).out ==
        "0 1 2 6 \n");
  CHECK(run(Words{"--exec", "--close-fds", "--keep-fd=6"} + probe("fds"), setup).out ==
        "0 1 2 6 \n");
}

KERNEL_TEST_CASE("descriptors are the same when the child is forked for a status file") {
  TemporaryDirectory directory;
  const Words file{"--status-file=" + directory.path("status")};
  const Setup setup = with_descriptors();
  CHECK(run(file + probe("fds"), setup).out == "0 1 2 5 6 9 \n");
  CHECK(run(file + Words{"--close-fds", "--keep-fd=9"} + probe("fds"), setup).out == "0 1 2 9 \n");
}
