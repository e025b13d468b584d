// --detach: what COMMAND is left with, and that nothing else is left.
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

// Starts `arguments` detached; COMMAND is all that is there afterwards.
pid_t detach(const Words& arguments, const Setup& setup = {}) {
  const Finished finished = run(Words{"-d"} + arguments, setup);
  INFO(finished.err);
  REQUIRE(finished.exit_code == 0);
  const std::vector<pid_t> left = children_of(::getpid());
  REQUIRE(left.size() == 1);
  REQUIRE(probe_sits(left[0]));
  return left[0];
}

std::string signal_set(std::initializer_list<int> signals) {
  unsigned long long bits = 0;
  for (const int signal : signals) bits |= 1ULL << (signal - 1);
  std::array<char, 17> text{};
  (void)std::snprintf(text.data(), text.size(), "%016llx", bits);
  return text.data();
}

std::string unattended_autoreap() {
  return kernel_has_flags() ? "kernel" : "init";
}

}  // namespace

KERNEL_TEST_CASE(
    "a detached start succeeds once COMMAND has been executed and leaves nothing else") {
  for (const std::string option : {"-d", "-f", "--detach", "--fork", "-df"}) {
    CAPTURE(option);
    const Cleanup cleanup;
    const Finished finished = run(Words{option} + Words{"-q"} + probe("sleep"));
    CHECK(finished.exit_code == 0);
    CHECK(finished.out.empty());
    CHECK(finished.err.empty());
    const auto left = children_of(::getpid());
    REQUIRE(left.size() == 1);
    CHECK(probe_sits(left[0]));
  }
}

KERNEL_TEST_CASE("a detached start that fails says so in its status and a message and a record") {
  TemporaryDirectory directory;
  directory.write("text", "hello\n");
  const std::string text = directory.path("text");
  Finished finished = run({"-d", "--json", "/no/such"});
  CHECK(finished.exit_code == 127);
  CHECK(finished.err == "tether: cannot run '/no/such': No such file or directory\n");
  REQUIRE(finished.records.size() == 1);
  CHECK(finished.records[0].at("stage") == "exec");
  CHECK(finished.records[0].at("errno") == "ENOENT");
  CHECK(finished.records[0].at("exit_status") == 127);
  finished = run({"-d", "--json", text});
  CHECK(finished.exit_code == 126);
  CHECK(finished.first_error_line() == "tether: cannot run '" + text + "': Permission denied");
  REQUIRE(finished.records.size() == 1);
  CHECK(finished.records[0].at("exit_status") == 126);
  CHECK(run({"-d", "no-such-command"}).exit_code == 127);
  CHECK(children_of(::getpid()).empty());
}

KERNEL_TEST_CASE("options that contradict a detached start are refused before anything is done") {
  TemporaryDirectory directory;
  for (const std::string option : {"--wait", "--ctty", "--exec"}) {
    CAPTURE(option);
    const Finished finished = run(Words{"-d", "--stdout=" + directory.path("out")} + Words{option} +
                                  probe("exit", {"0"}));
    CHECK(finished.exit_code == 125);
    CHECK(finished.first_error_line().find("--detach and " + option) != std::string::npos);
  }
  CHECK(std::filesystem::is_empty(directory.path()));
}

KERNEL_TEST_CASE(
    "a detached child leads a session without a terminal in the directory of the caller") {
  for (const bool leads_group : {false, true}) {
    CAPTURE(leads_group);
    const Cleanup cleanup;
    TemporaryDirectory directory;
    Setup setup;
    setup.before_exec = [leads_group, path = directory.path()] {
      if (leads_group) (void)::setpgid(0, 0);
      (void)!::chdir(path.c_str());
    };
    const pid_t child = detach(probe("sleep"), setup);
    CHECK(::getsid(child) == child);
    CHECK(::getpgid(child) == child);
    CHECK(terminal_of(child) == 0);
    CHECK(link_of(child, "cwd") == canonical(directory.path()));
  }
}

KERNEL_TEST_CASE("a detached child loses the terminal of its caller and lets go of it") {
  const Cleanup cleanup;
  PseudoTerminal terminal;
  const pid_t child = detach(probe("sleep"), terminal.on({0, 1, 2}));
  CHECK(::getsid(child) == child);
  CHECK(terminal_of(child) == 0);
  for (const char* fd : {"fd/0", "fd/1", "fd/2"}) CHECK(link_of(child, fd) == "/dev/null");
  CHECK(terminal.expect_hangup().find("/dev/null") != std::string::npos);
  CHECK(eventually([child] { return state_of(child) == 'S'; }));
}

KERNEL_TEST_CASE("a detached child is put into another directory and given another umask") {
  const Cleanup cleanup;
  TemporaryDirectory directory;
  const pid_t child = detach(Words{"--chdir=" + directory.path(), "--umask=031"} + probe("sleep"));
  CHECK(link_of(child, "cwd") == canonical(directory.path()));
  CHECK(status_of(child, "Umask") == "0031");
}

KERNEL_TEST_CASE("a detached child has the descriptors that are kept and none other above 2") {
  const Cleanup cleanup;
  Setup setup;
  setup.before_exec = [] {
    for (const int fd : {3, 7, 8, 200}) (void)::dup2(0, fd);
  };
  CHECK(descriptors_of(detach(probe("sleep"), setup)) == std::set<int>{0, 1, 2});
  end_all_children();
  const pid_t child = detach(Words{"--keep-fd=8", "--keep-fd=200"} + probe("sleep"), setup);
  CHECK(descriptors_of(child) == std::set<int>{0, 1, 2, 8, 200});
  CHECK(link_of(child, "fd/8").rfind("pipe:", 0) == 0);
}

KERNEL_TEST_CASE("a detached child gets back the dispositions and mask and umask of the caller") {
  const Cleanup cleanup;
  Setup setup;
  setup.before_exec = [] {
    for (const int signal : {SIGINT, SIGCHLD}) (void)::signal(signal, SIG_IGN);
    sigset_t blocked;
    (void)::sigemptyset(&blocked);
    (void)::sigaddset(&blocked, SIGUSR2);
    (void)::sigprocmask(SIG_SETMASK, &blocked, nullptr);
    (void)::umask(027);
  };
  for (const Words& more : {Words{}, Words{"--print-pid"}}) {
    const pid_t other = detach(more + probe("sleep"), setup);
    CHECK(status_of(other, "SigBlk") == signal_set({SIGUSR2}));
    CHECK(status_of(other, "SigIgn") == signal_set({SIGINT, SIGCHLD}));
    CHECK(status_of(other, "Umask") == "0027");
    end_all_children();
  }
  const pid_t reset = detach(Words{"--reset-signals"} + probe("sleep"), setup);
  CHECK(status_of(reset, "SigBlk") == signal_set({}));
  CHECK(status_of(reset, "SigIgn") == signal_set({}));
}

KERNEL_TEST_CASE("who is at the other end of a pipe or socket sees it close while COMMAND runs") {
  for (const auto make : {Connection::pipe, Connection::socket}) {
    for (int fd = 0; fd < 3; ++fd) {
      CAPTURE(fd);
      const Cleanup cleanup;
      Connection connection = make(fd);
      const pid_t child = detach(probe("sleep"), connection.as(fd));
      CHECK(connection.is_closed_over_there());
      CHECK(link_of(child, "fd/" + std::to_string(fd)) == "/dev/null");
      CHECK(state_of(child).has_value());
    }
  }
}

KERNEL_TEST_CASE("a closed standard descriptor becomes the null device without a word") {
  const Cleanup cleanup;
  Setup setup;
  setup.before_exec = [] {
    (void)::close(0);
    (void)::close(1);
  };
  const Finished finished = run(Words{"-d", "--keep-fd=2"} + probe("sleep"), setup);
  CHECK(finished.exit_code == 0);
  CHECK(finished.err.empty());
  const pid_t child = children_of(::getpid()).at(0);
  REQUIRE(probe_sits(child));
  CHECK(link_of(child, "fd/0") == "/dev/null");
  CHECK(link_of(child, "fd/1") == "/dev/null");
  CHECK(link_of(child, "fd/2").rfind("pipe:", 0) == 0);
}

KERNEL_TEST_CASE("a standard descriptor that is to be kept is kept") {
  const Cleanup cleanup;
  Connection connection = Connection::pipe(1);
  const pid_t child = detach(Words{"--keep-fd=1"} + probe("sleep"), connection.as(1));
  CHECK(link_of(child, "fd/0") == "/dev/null");
  CHECK(link_of(child, "fd/1").rfind("pipe:", 0) == 0);
  CHECK(link_of(child, "fd/2") == "/dev/null");
  std::array<char, 6> word{};
  CHECK(::read(connection.ours.get(), word.data(), word.size()) == 6);
  CHECK(std::string(word.data(), 5) == "ready");
}

KERNEL_TEST_CASE("files and devices that nobody waits at stay with a detached child") {
  const Cleanup cleanup;
  TemporaryDirectory directory;
  directory.write("out", "before\n");
  const std::string out = directory.path("out");
  Setup setup;
  setup.before_exec = [out] {
    (void)::dup2(::open("/dev/zero", O_RDONLY | O_CLOEXEC), 0);
    (void)::dup2(::open(out.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC), 1);
    (void)::dup2(1, 2);
  };
  const pid_t child = detach(probe("sleep"), setup);
  CHECK(link_of(child, "fd/0") == "/dev/zero");
  CHECK(link_of(child, "fd/1") == canonical(out));
  CHECK(link_of(child, "fd/2") == canonical(out));
  CHECK(eventually([&] { return read_file(out) == "before\nready\n"; }));
}

// A shell's `while read host; do tether -d ...; done <hosts`.
TEST_CASE("a list that the caller reads goes on after a detached child that reads") {
  TemporaryDirectory directory;
  directory.write("hosts", "one\ntwo\nthree\n");
  const std::string loop =
      "while read host; do echo $host; \"$0\" -dq --log=\"$2\" -- cat; done <\"$1\"";
  for (const char* shell : {"sh", "bash"}) {
    CAPTURE(shell);
    const Cleanup cleanup;
    const Finished finished = run(
        {"--", shell, "-c", loop, tether_binary(), directory.path("hosts"), directory.path("log")});
    CHECK(finished.out == "one\ntwo\nthree\n");
  }
  // From its beginning on it is COMMAND's, and it is if it is named or kept.
  for (const Words& ours : {Words{}, Words{"--keep-fd=0"}, Words{"--stdin=/dev/stdin"}}) {
    CAPTURE(joined(ours));
    const Cleanup cleanup;
    Setup setup;
    setup.before_exec = [path = directory.path("hosts"), is_read = !ours.empty()] {
      const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
      (void)::dup2(fd, 0);
      if (is_read) (void)::lseek(0, 4, SEEK_SET);
    };
    const pid_t child = detach(ours + Words{"--log=/dev/null"} + probe("sleep"), setup);
    CHECK(link_of(child, "fd/0") == canonical(directory.path("hosts")));
  }
}

KERNEL_TEST_CASE("one line says what a detached child has lost unless it is to be quiet") {
  const Cleanup cleanup;
  Finished finished = run(Words{"-d"} + probe("sleep"));
  CHECK(finished.err.rfind("tether: ", 0) == 0);
  CHECK(finished.err.find("/dev/null") != std::string::npos);
  CHECK(std::count(finished.err.begin(), finished.err.end(), '\n') == 1);
  for (const Words& quiet : {Words{"-dq"}, Words{"--detach", "--quiet"}, Words{"-q", "-f"}}) {
    CAPTURE(joined(quiet));
    finished = run(quiet + probe("sleep"));
    CHECK(finished.exit_code == 0);
    CHECK(finished.err.empty());
  }
  // Nothing is lost, nothing is said.
  finished = run(Words{"-d", "--stdin=/dev/null", "--log=/dev/null"} + probe("sleep"));
  CHECK(finished.exit_code == 0);
  CHECK(finished.err.empty());
}

KERNEL_TEST_CASE("the records of a detached child are held by nobody and end with the start") {
  const Cleanup cleanup;
  for (const bool has_parent_that_ignores : {false, true}) {
    Setup setup;
    if (has_parent_that_ignores) setup.before_exec = [] { (void)::signal(SIGCHLD, SIG_IGN); };
    const Finished finished = run(Words{"-d", "--json", "--print-pid"} + probe("sleep"), setup);
    REQUIRE(finished.records.size() == 1);
    const Json& start = finished.records[0];
    CHECK(start.at("record") == "start");
    CHECK(start.at("held_by") == "nobody");
    CHECK(start.at("supervisor_pid").is_null());
    CHECK(start.at("guarantees").at("autoreap") == unattended_autoreap());
    CHECK(start.at("guarantees").at("supervisor").is_null());
    const auto pid = start.at("pid").get<pid_t>();
    CHECK(children_of(::getpid()) == std::vector<pid_t>{pid});
    CHECK(("\n" + finished.out).find("\n" + std::to_string(pid) + "\n") != std::string::npos);
    end_all_children();
  }
}

KERNEL_TEST_CASE(
    "a detached child belongs to its adopter and is no zombie where the kernel sees to it") {
  const Cleanup cleanup;
  for (const Words& ours : {Words{}, Words{"--autoreap"}, Words{"--nnp"}}) {
    CAPTURE(joined(ours));
    const pid_t child = detach(ours + probe("sleep"));
    CHECK(parent_of(child) == ::getpid());
    REQUIRE(::kill(child, SIGKILL) == 0);
    // Nobody waits for it here.
    CHECK(eventually([child] {
      const auto state = state_of(child);
      return kernel_has_flags() ? !state : state == 'Z';
    }));
    end_all_children();
  }
}

KERNEL_TEST_CASE("a strict detached start is refused where nothing but an adopter would reap it") {
  const Cleanup cleanup;
  const Finished finished = run(Words{"-d", "--strict", "-q"} + probe("sleep"));
  CHECK(finished.exit_code == (kernel_has_flags() ? 0 : 125));
  CHECK(children_of(::getpid()).size() == (kernel_has_flags() ? 1 : 0));
  if (!kernel_has_flags())
    CHECK(finished.first_error_line().rfind("tether: --strict: autoreap ", 0) == 0);
}

KERNEL_TEST_CASE("a dry run of a detached start says who will reap it and makes nothing") {
  TemporaryDirectory directory;
  const Finished finished =
      run(Words{"--dry-run", "-d", "--json", "--log=" + directory.path("log")} + probe("sleep"));
  CHECK(finished.exit_code == 0);
  REQUIRE(finished.records.size() == 1);
  CHECK(finished.records[0].at("guarantees").at("autoreap") == unattended_autoreap());
  CHECK(finished.err.empty());
  CHECK(std::filesystem::is_empty(directory.path()));
  CHECK(children_of(::getpid()).empty());
}
