// One descriptor of the caller's that serves several options.
#include <doctest/doctest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>

#include "keeper.hpp"

using namespace tether::test;

namespace {

const Words kinds_of_start[] = {{"-w"}, {"-dq"}, {"--nnp", "--autokill"}};

int expected_status(const Words& mode) {
  return mode == Words{"-dq"} ? 0 : 128 + SIGTERM;
}

void check_last(const std::vector<Json>& records, const std::string& cause) {
  REQUIRE(!records.empty());
  CHECK(records.back().at("record") == "exit");
  CHECK(records.back().at("cause") == cause);
}

}  // namespace

TEST_CASE("a socket that gets the records ends COMMAND when its other side has nothing more") {
  for (const Words& mode : kinds_of_start) {
    CAPTURE(mode);
    const Cleanup cleanup;
    Connection socket = Connection::socket(7);
    Running running(mode + Words{"--status-fd=7", "--die-on-eof=7", "--json"} + probe("sleep"),
                    socket.as(7));
    running.expect_output("\"start\"");
    REQUIRE(::shutdown(socket.ours.get(), SHUT_WR) == 0);
    check_last(parse_records(socket.read_to_end()), "eof");
    CHECK(running.wait().exit_code == expected_status(mode));
  }
}

TEST_CASE("what opened the gate is left on its descriptor and the hang-up behind it is seen") {
  for (const Words& mode : kinds_of_start) {
    CAPTURE(mode);
    const Cleanup cleanup;
    const TemporaryDirectory directory;
    const std::string status = directory.path("status");
    Connection socket = Connection::socket(7);
    Running running(
        mode + Words{"--block-fd=7", "--die-on-eof=7", "--status-file=" + status} + probe("sleep"),
        socket.as(7));
    CHECK(records_in(status, 1)[0].at("record") == "spawned");
    REQUIRE(::write(socket.ours.get(), "x", 1) == 1);
    const Json start = records_in(status, 2)[1];
    CHECK(start.at("record") == "start");
    socket.ours.reset();
    // As long as something is left to read, COMMAND lives.
    CHECK(state_of(start.at("pid")).has_value());
    char byte = 0;
    CHECK(::read(socket.theirs.get(), &byte, 1) == 1);
    CHECK(byte == 'x');
    check_last(records_in(status, 3), "eof");
    CHECK(running.wait().exit_code == expected_status(mode));
  }
}

TEST_CASE("a gate that opens by a hang-up lets COMMAND begin and ends it") {
  const TemporaryDirectory directory;
  const std::string status = directory.path("status");
  Connection socket = Connection::socket(7);
  Running running(
      Words{"--block-fd=7", "--die-on-eof=7", "--status-file=" + status} + probe("sleep"),
      socket.as(7));
  (void)records_in(status, 1);
  socket.ours.reset();
  check_last(records_in(status, 3), "eof");
  CHECK(running.wait().exit_code == 128 + SIGTERM);
}

TEST_CASE("one socket is the gate and the tie and gets the records") {
  for (const Words& mode : kinds_of_start) {
    CAPTURE(mode);
    const Cleanup cleanup;
    Connection socket = Connection::socket(7);
    Running running(
        mode + Words{"--block-fd=7", "--die-on-eof=7", "--status-fd=7", "--json"} + probe("sleep"),
        socket.as(7));
    running.expect_output("\"spawned\"");
    REQUIRE(::write(socket.ours.get(), "x", 1) == 1);
    running.expect_output("\"start\"");
    char byte = 0;
    CHECK(::read(socket.theirs.get(), &byte, 1) == 1);
    REQUIRE(::shutdown(socket.ours.get(), SHUT_WR) == 0);
    const auto records = parse_records(socket.read_to_end());
    CHECK(records.size() == 3);
    check_last(records, "eof");
    CHECK(running.wait().exit_code == expected_status(mode));
  }
}

TEST_CASE("a number that is COMMAND's channel and the caller's tie is both") {
  for (const Words& mode : kinds_of_start) {
    CAPTURE(mode);
    const Cleanup cleanup;
    const TemporaryDirectory directory;
    const std::string status = directory.path("status");
    Connection socket = Connection::socket(7);
    Running running(mode + Words{"--notify=fd:7", "--die-on-eof=7", "--status-file=" + status, "--",
                                 "/bin/sh", "-c", "echo >&7; exec 7>&-; exec sleep 1000"},
                    socket.as(7));
    CHECK(records_in(status, 2)[1].at("record") == "ready");
    socket.ours.reset();
    check_last(records_in(status, 3), "eof");
    CHECK(running.wait().exit_code == expected_status(mode));
  }
}

TEST_CASE("a descriptor with two uses that is not open is an error of the first of them") {
  for (const std::string first : {"--status-fd=7", "--block-fd=7"}) {
    CAPTURE(first);
    const Finished finished = run(Words{"--die-on-eof=7", first} + probe("exit", {"0"}));
    CHECK(finished.exit_code == 125);
    CHECK(finished.first_error_line() == "tether: " + first + ": Bad file descriptor");
  }
}
