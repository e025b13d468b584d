// --pidfile: which files are believed and which are refused.
#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

#include "services.hpp"

using namespace tether::test;

KERNEL_TEST_CASE("a pidfile whose process was killed is replaced") {
  const Services services;
  for (const Words& more : {Words{}, Words{"--nnp", "--autokill"}}) {
    CAPTURE(more);
    // Both are killed, so that nobody was left to remove the files.
    Running running(more + services.by_pidfile() + probe("sleep"));
    running.expect_output("ready");
    const pid_t child = std::stoi(services.content());
    running.send(SIGSTOP);
    REQUIRE(eventually([&] { return state_of(running.pid()) == 'T'; }));
    REQUIRE(::kill(child, SIGKILL) == 0);
    running.send(SIGKILL);
    CHECK(running.wait().signal == SIGKILL);
    REQUIRE(is_gone(child));
    CHECK(services.content() == std::to_string(child) + "\n");
    services.check_replaced();
    kill_and_reap(std::stoi(services.content()));
  }
}

KERNEL_TEST_CASE("a service that is a zombie does not run") {
  const Services services;
  // Its parent, this test, has not waited for it yet; where the kernel reaps it there is none.
  const pid_t child = services.start(probe("exit", {"0"}));
  REQUIRE(eventually([child] { return !is_alive(child); }));
  services.check_replaced();
}

KERNEL_TEST_CASE("an identity of before a reboot or of another place is not believed") {
  const std::string boot = "01234567-89ab-cdef-0123-456789abcdef";
  struct Change {
    std::size_t word;
    std::string value;
  };
  for (const Change& change : {Change{1, boot}, Change{2, "4026530000"}}) {
    CAPTURE(change.word);
    const Services services;
    const pid_t stranger = services.start();
    services.change_identity(change.word, change.value);
    services.check_replaced();
    CHECK(services.content() != std::to_string(stranger) + "\n");
    CHECK(is_alive(stranger));
  }
}

KERNEL_TEST_CASE("an identity with the right number and another time is not believed") {
  const Services services;
  const pid_t stranger = services.start();
  // What a reused pid looks like: by the inode where there is one, else by the time.
  services.change_identity(3, "1");
  services.change_identity(4, kernel_is_at_least(6, 9) ? "1" : "0");
  services.check_replaced();
  CHECK(is_alive(stranger));
}

KERNEL_TEST_CASE("a pidfile that names a stranger is replaced") {
  const std::string stranger = std::to_string(::getpid());
  SUBCASE("alone") {
    const Services services;
    services.write("pid", stranger + "\n");
    services.check_replaced();
  }
  SUBCASE("beside the identity of a dead process") {
    const Services services;
    kill_and_reap(services.start());
    services.write("pid", stranger + "\n");
    services.check_replaced();
  }
  SUBCASE("beside the identity of a living one that it does not name") {
    const Services services;
    (void)services.start();
    services.write("pid", stranger + "\n");
    services.check_replaced();
  }
}

TEST_CASE("files that hold no pid in use are replaced") {
  for (const std::string name : {"pid", "pid.tether"})
    for (const std::string& content : {std::string(), std::string("\n"), std::string("0\n"),
                                       std::string("99999999999999999999\n"), std::string("1"),
                                       std::string(" 12 \r\n"), std::string("\0\0\0\n", 4)}) {
      CAPTURE(name);
      CAPTURE(content);
      const Services services;
      services.write(name, content);
      services.check_replaced();
    }
}

KERNEL_TEST_CASE("a file that holds something else than a pid is nobody's pidfile") {
  const std::string words[] = {"garbage\n", "-1\n", "12\nprecious\n", std::string(100000, '7')};
  for (const std::string& content : words)
    for (const Words& command : {probe("sleep"), Words{"/no/such"}}) {
      CAPTURE(content.substr(0, 30));
      const Services services;
      services.write("pid", content);
      const Finished refused = run(Words{"-dq"} + services.by_pidfile() + command);
      CHECK(refused.exit_code == 125);
      CHECK(refused.first_error_line() == "tether: cannot use pidfile '" + services.path() +
                                              "': the file does not hold a process ID");
      CHECK(services.stop().exit_code == 1);
      CHECK((services.content() == content));
      CHECK_FALSE(exists(services.path() + ".tether"));
    }
  // What nobody but tether has written is not asked about.
  const Services services;
  services.write("pid.tether", "garbage\n");
  services.check_replaced();
}

KERNEL_TEST_CASE("a child of COMMAND that outlives it does not keep it running") {
  const Services services;
  const pid_t child = services.start(
      {"--keep-fd=0", "--", "/bin/sh", "-c", "sleep 1000 & echo $! > " + services.path("left")});
  REQUIRE(is_gone(child));
  const pid_t left = std::stoi(read_file(services.path("left")));
  REQUIRE(state_of(left).has_value());
  services.check_replaced();
}

KERNEL_TEST_CASE("a pidfile is never a directory, a FIFO or a device") {
  const Services services;
  REQUIRE(::mkdir(services.path("directory").c_str(), 0755) == 0);
  REQUIRE(::mkfifo(services.path("fifo").c_str(), 0644) == 0);
  for (const std::string& path :
       {services.path("directory"), services.path("fifo"), std::string("/dev/null")}) {
    CAPTURE(path);
    const Finished finished = run(Words{"-d", "--pidfile=" + path} + probe("exit", {"0"}));
    CHECK(finished.exit_code == 125);
    CHECK(finished.first_error_line() ==
          "tether: cannot use pidfile '" + path + "': not a regular file");
    CHECK(exists(path));
    CHECK_FALSE(exists(path + ".tether"));
  }
}

KERNEL_TEST_CASE("root refuses links and what others own") {
  SKIP_UNLESS(is_root(), "needs root");
  const Services services;
  services.write("target", "keep me\n");
  std::filesystem::create_symlink("target", services.path("symbolic"));
  std::filesystem::create_symlink("nowhere", services.path("dangling"));
  std::filesystem::create_hard_link(services.path("target"), services.path("hard"));
  services.write("foreign", "1\n");
  REQUIRE(::chown(services.path("foreign").c_str(), 1000, 1000) == 0);
  for (const std::string name : {"symbolic", "dangling", "hard", "foreign"})
    for (const Words& more : {Words{"-d"} + probe("exit", {"0"}), Words{"--stop"},
                              Words{"--exec"} + probe("exit", {"0"})}) {
      CAPTURE(name);
      CAPTURE(more);
      const Finished finished = run(Words{"--pidfile=" + services.path(name)} + more);
      CHECK(finished.exit_code == 125);
      CHECK(finished.first_error_line().rfind(
                "tether: cannot use pidfile '" + services.path(name) + "': ", 0) == 0);
    }
  CHECK(read_file(services.path("target")) == "keep me\n");
  CHECK(read_file(services.path("foreign")) == "1\n");
  CHECK_FALSE(exists(services.path("nowhere")));
}

KERNEL_TEST_CASE("root refuses an identity file that is a link or that others own") {
  SKIP_UNLESS(is_root(), "needs root");
  const Services services;
  services.write("target", "keep me\n");
  std::filesystem::create_symlink("target", services.path("pid.tether"));
  CHECK(services.start_again().exit_code == 125);
  std::filesystem::remove(services.path("pid.tether"));
  std::filesystem::create_hard_link(services.path("target"), services.path("pid.tether"));
  CHECK(services.start_again().exit_code == 125);
  std::filesystem::remove(services.path("pid.tether"));
  services.write("pid.tether", "");
  REQUIRE(::chown(services.path("pid.tether").c_str(), 1000, 1000) == 0);
  CHECK(services.start_again().exit_code == 125);
  CHECK(read_file(services.path("target")) == "keep me\n");
  CHECK_FALSE(exists(services.path()));
}

KERNEL_TEST_CASE(
    "a user's pidfile is where the link leads, and one of several names is no obstacle") {
  const Services services;
  const Setup user = unprivileged();
  std::filesystem::create_symlink("target", services.path());
  const pid_t child = services.start(probe("sleep"), user);
  CHECK(std::filesystem::is_symlink(services.path()));
  CHECK(read_file(services.path("target")) == std::to_string(child) + "\n");
  CHECK(services.start_again(user).exit_code == 125);
  kill_and_reap(child);
  std::filesystem::remove(services.path());
  std::filesystem::create_hard_link(services.path("target"), services.path("other"));
  CHECK(run(Words{"--pidfile=" + services.path("target")} + probe("exit", {"0"}), user).exit_code ==
        0);
  // Replaced, as by a rename: the other name keeps what it had.
  CHECK(read_file(services.path("other")) == std::to_string(child) + "\n");
}

KERNEL_TEST_CASE("a service that /proc may hide from its own user is still found running") {
  const Services services;
  const Setup user = unprivileged();
  // Who cannot read a program cannot look at its process either: with hidepid not even at its name.
  std::filesystem::copy(tool("probe"), services.path("unreadable"));
  REQUIRE(::chmod(services.path("unreadable").c_str(), 0111) == 0);
  const pid_t child = services.start({services.path("unreadable"), "sleep"}, user);
  const Finished again = services.start_again(user);
  CHECK(again.exit_code == 125);
  CHECK(again.first_error_line() == already_running(child, services.path()));
  CHECK(run(Words{"--stop"} + services.by_pidfile(), user).exit_code == 0);
  CHECK(is_gone(child));
}

KERNEL_TEST_CASE("a service that changes its user is still found running") {
  SKIP_UNLESS(is_root(), "needs root");
  const Services services;
  const pid_t child = services.start(probe("setuid", {"1000"}));
  REQUIRE(eventually([child] { return status_of(child, "Uid").rfind("1000", 0) == 0; }));
  CHECK(services.start_again().exit_code == 125);
  CHECK(run(Words{"--stop", "-q"} + services.by_pidfile()).exit_code == 0);
  CHECK_FALSE(exists(services.path()));
}
