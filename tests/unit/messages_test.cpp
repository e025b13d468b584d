// Failures as text and as exit statuses, and the lines on standard error.
#include "report/messages.hpp"

#include <doctest/doctest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "sys/unique_fd.hpp"

namespace tether {
namespace {

Failure at(Stage stage, int error_number, std::string path = {}, std::string detail = {}) {
  return Failure{.stage = stage,
                 .error_number = error_number,
                 .path = std::move(path),
                 .detail = std::move(detail)};
}

// COMMAND could not be run; without an interpreter of its own what failed is COMMAND itself.
Failure not_run(int error_number, const std::string& command, const std::string& interpreter = {}) {
  return at(Stage::exec, error_number, interpreter.empty() ? command : interpreter, command);
}

// What `speak` writes to standard error.
template <typename Speak>
std::string said(const Speak& speak) {
  const UniqueFd saved(::dup(STDERR_FILENO));
  const UniqueFd file(::memfd_create("stderr", MFD_CLOEXEC));
  REQUIRE(::dup2(file.get(), STDERR_FILENO) == STDERR_FILENO);
  speak();
  REQUIRE(::dup2(saved.get(), STDERR_FILENO) == STDERR_FILENO);
  std::string text(static_cast<std::size_t>(::lseek(file.get(), 0, SEEK_END)), '\0');
  REQUIRE(::pread(file.get(), text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()));
  return text;
}

}  // namespace

TEST_CASE("every stage has its sentence and its exit status") {
  struct Row {
    Failure failure;
    const char* text;
    int exit_status;
  };
  const Row rows[] = {
      {at(Stage::usage, 0, {}, "no COMMAND given"), "no COMMAND given", 125},
      {at(Stage::privilege, EPERM, {}, "--autokill needs --nnp"), "--autokill needs --nnp", 125},
      {at(Stage::guarantee, 0, {}, "--strict: no"), "--strict: no", 125},
      {at(Stage::descriptor, EBADF, {}, "--keep-fd=9"), "--keep-fd=9: Bad file descriptor", 125},
      {at(Stage::directory, ENOENT, "/no"),
       "cannot change directory to '/no': No such file or directory", 125},
      {at(Stage::directory, ENOTDIR, ""), "cannot change directory to '': Not a directory", 125},
      {at(Stage::record, EACCES, "/x"), "cannot write '/x': Permission denied", 125},
      {at(Stage::record, ENOSPC, {}, "standard output"),
       "cannot write standard output: No space left on device", 125},
      {at(Stage::clone, EAGAIN), "cannot make a process: Resource temporarily unavailable", 125},
      {at(Stage::namespaces, EPERM), "cannot make a PID namespace: Operation not permitted", 125},
      {at(Stage::namespaces, EACCES, {}, "mounting /proc"),
       "cannot make a PID namespace: mounting /proc: Permission denied", 125},
      {at(Stage::session, EPERM), "cannot start a session: Operation not permitted", 125},
      {at(Stage::group, EPERM), "cannot make a process group: Operation not permitted", 125},
      {at(Stage::terminal, ENOTTY), "cannot hand over the terminal: Inappropriate ioctl for device",
       125},
      {at(Stage::nnp, EINVAL), "cannot set no_new_privs: Invalid argument", 125},
      {at(Stage::bind, EINVAL), "cannot set the parent-death signal: Invalid argument", 125},
      {at(Stage::helper, ENOMEM), "cannot start a helper process: Cannot allocate memory", 125},
      {at(Stage::supervise, ECHILD), "cannot watch the child: No child processes", 125},
      {at(Stage::supervise, 0, {}, "the keeper was killed by SIGKILL"),
       "the keeper was killed by SIGKILL", 125},
      {at(Stage::input, ENOENT, "/no"), "cannot open '/no': No such file or directory", 125},
      {at(Stage::output, EACCES, "x.log"), "cannot open 'x.log': Permission denied", 125},
      {at(Stage::pidfile, EROFS, "/p"), "cannot use pidfile '/p': Read-only file system", 125},
      {at(Stage::pidfile, 0, "/p", "it is a link"), "cannot use pidfile '/p': it is a link", 125},
      {at(Stage::pidfile, EIO, "/p", "lock"), "cannot use pidfile '/p': lock: Input/output error",
       125},
      {at(Stage::cgroup, EACCES, "/c"), "cannot use cgroup '/c': Permission denied", 125},
      {at(Stage::cgroup, 0, "/c", "not one"), "cannot use cgroup '/c': not one", 125},
      {at(Stage::running, 0, "/p", "it runs already as 42"), "it runs already as 42", 125},
      {at(Stage::ctty, ENOTTY),
       "cannot make standard input the controlling terminal: Inappropriate ioctl for device", 125},
      {at(Stage::gate, EIO, {}, "--block-fd=5"), "--block-fd=5: Input/output error", 125},
      {at(Stage::gate, 0, {}, "given up by SIGTERM"), "given up by SIGTERM", 125},
      {at(Stage::stop, EPERM, {}, "cannot send SIGTERM to process 42"),
       "cannot send SIGTERM to process 42: Operation not permitted", 125},
      // What COMMAND said of itself is in the sentence already.
      {at(Stage::ready, ENOSPC, {}, "'x' was not ready in time"), "'x' was not ready in time", 125},
      {not_run(ENOENT, "x"), "cannot run 'x': No such file or directory", 127},
      {not_run(EACCES, "/etc"), "cannot run '/etc': Permission denied", 126},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    CHECK(describe(row.failure) == row.text);
    CHECK(exit_status_of(row.failure) == row.exit_status);
  }
}

TEST_CASE("a COMMAND that is not there is 127 and one that cannot be executed 126") {
  CHECK(exit_status_of(not_run(ENOENT, "x")) == 127);
  CHECK(exit_status_of(not_run(ENOENT, "")) == 127);
  for (const int error : {EACCES, ENOEXEC, ENOTDIR, ELOOP, ENAMETOOLONG, EPERM, ENOMEM, E2BIG,
                          ETXTBSY, EISDIR, EIO}) {
    CAPTURE(error);
    CHECK(exit_status_of(not_run(error, "x")) == 126);
  }
}

TEST_CASE("ENOENT at any other stage is a failure of tether") {
  for (const Stage stage :
       {Stage::directory, Stage::record, Stage::clone, Stage::descriptor, Stage::input,
        Stage::output, Stage::pidfile, Stage::cgroup, Stage::gate, Stage::stop}) {
    CHECK(exit_status_of(at(stage, ENOENT, "x", "y")) == 125);
    CHECK(exit_status_of(at(stage, EACCES, "x", "y")) == 125);
  }
}

TEST_CASE("an exit status that a failure brings along is the one") {
  for (const Stage stage : {Stage::ready, Stage::gate, Stage::stop, Stage::exec})
    for (const int status : {1, 3, 124, 126, 127, 143, 255}) {
      Failure failure = at(stage, ENOENT, "x", "x");
      failure.exit_status = status;
      CAPTURE(status);
      CHECK(exit_status_of(failure) == status);
    }
  CHECK(exit_status_of(at(Stage::ready, 0, {}, "x")) == exit_tether_failed);
  CHECK(exit_timed_out == 124);
}

TEST_CASE("a missing interpreter is named and is no missing COMMAND") {
  const Failure failure = not_run(ENOENT, "./script", "/no/interpreter");
  CHECK(describe(failure) ==
        "cannot run './script': interpreter '/no/interpreter': No such file or directory");
  CHECK(exit_status_of(failure) == 126);
}

TEST_CASE("without an errno the sentence stands alone") {
  CHECK(describe(at(Stage::clone, 0)) == "cannot make a process");
  CHECK(describe(at(Stage::descriptor, 0, {}, "standard descriptors")) == "standard descriptors");
  CHECK(describe(at(Stage::directory, 0, "/x")) == "cannot change directory to '/x'");
}

TEST_CASE("an errno without a name is shown as its number") {
  // Some calls of Linux leak ENOTSUPP, and a seccomp filter may answer any number up to 4095.
  for (const int error : {524, 4095}) {
    CAPTURE(error);
    std::string text;
    CHECK_NOTHROW(text = describe(at(Stage::session, error)));
    CHECK(text.find("cannot start a session: ") == 0);
    CHECK(text.find(std::to_string(error)) != std::string::npos);
  }
}

TEST_CASE("the ways of making a process are called as in the man pages") {
  CHECK(std::string(call_name(CloneWay::clone3)) == "clone3");
  CHECK(std::string(call_name(CloneWay::legacy_clone)) == "clone");
  CHECK(std::string(call_name(CloneWay::fork)) == "fork");
}

TEST_CASE("a message is one line on standard error") {
  CHECK(said([] { say("hello"); }) == "tether: hello\n");
  CHECK(said([] { say(not_run(ENOENT, "x")); }) ==
        "tether: cannot run 'x': No such file or directory\n");
}

TEST_CASE("a hint is a second line and only there if there is one") {
  const Failure failure{Stage::usage, 0, {}, "no COMMAND given", "try 'tether --help'"};
  CHECK(said([&] { say(failure); }) ==
        "tether: no COMMAND given\ntether: hint: try 'tether --help'\n");
}

TEST_CASE("what can be done about it is said where the failure brings no hint along") {
  const auto hint = [](const Failure& failure) {
    const std::string text = said([&] { say(failure); });
    const std::string mark = "tether: hint: ";
    const std::size_t start = text.find(mark);
    return start == std::string::npos ? std::string() : text.substr(start + mark.size());
  };
  for (const Stage stage : {Stage::descriptor, Stage::gate, Stage::tie}) {
    CHECK(hint(at(stage, EBADF, {}, "--keep-fd=9")).find("open the descriptor") == 0);
    CHECK(hint(at(stage, EIO, {}, "--keep-fd=9")).empty());
    CHECK(hint(at(stage, EBADF, {}, "standard output")).empty());
  }
  CHECK(hint(at(Stage::clone, EAGAIN)).find("a limit on processes") == 0);
  CHECK(hint(at(Stage::clone, ENOMEM)).empty());
  CHECK(hint(at(Stage::ctty, ENOTTY)).find("standard input must be") == 0);
  CHECK(hint(at(Stage::ctty, EPERM)).find("another session") == 0);
  CHECK(hint(not_run(EACCES, "x")).find("not executable") != std::string::npos);
  CHECK(hint(not_run(ENOENT, "x")).empty());
  CHECK(hint(at(Stage::stop, EPERM, {}, "x")).find("another user") != std::string::npos);
  Failure failure = not_run(EACCES, "x");
  failure.hint = "closer";
  CHECK(hint(failure) == "closer\n");
}

TEST_CASE("control characters never reach the terminal") {
  CHECK(said([] { say(not_run(ENOENT, "a\nb\r\x1B[2J\x7F\t\x01z")); }) ==
        "tether: cannot run 'a?b??[2J???z': No such file or directory\n");
  const Failure failure{Stage::usage, 0, {}, "x", "did you\nmean '\x1B'?"};
  CHECK(said([&] { say(failure); }) == "tether: x\ntether: hint: did you?mean '?'?\n");
  CHECK(said([] { say(std::string_view("a\0b", 3)); }) == "tether: a?b\n");
}

TEST_CASE("a name in UTF-8 is shown as it is") {
  CHECK(said([] { say(not_run(ENOENT, "caf\xC3\xA9-\xE2\x82\xAC")); }) ==
        "tether: cannot run 'caf\xC3\xA9-\xE2\x82\xAC': No such file or directory\n");
}

TEST_CASE("the control characters of the upper half never reach the terminal") {
  // U+009B begins a control sequence as ESC and a bracket do, where the terminal reads UTF-8.
  CHECK(said([] {
          say("a\xC2\x9B"
              "2Jb");
        }).find("\xC2\x9B") == std::string::npos);
  CHECK(said([] {
          say("a\xC2\x85"
              "b");
        }).find("\xC2\x85") == std::string::npos);
}

}  // namespace tether
