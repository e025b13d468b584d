// What a service says of itself: sd_notify's lines, and the newline of the s6 way.
#include "policy/notify_message.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

namespace tether {
namespace {

bool is_silent(const NotifyMessage& message) {
  return !message.ready && !message.barrier && !message.status && !message.error_number &&
         !message.extend && !message.main_pid;
}

}  // namespace

TEST_CASE("ready is said by a line of its own and in no other way") {
  for (const std::string_view text :
       {"READY=1", "READY=1\n", "\nREADY=1", "\n\nREADY=1\n\n", "STATUS=up\nREADY=1",
        "READY=1\nSTATUS=up\n", "X_NOISE\nREADY=1", "READY=1\nREADY=1", "READY=1\nREADY=0",
        "READY=0\nREADY=1", "=\nREADY=1", "=1\nREADY=1"}) {
    CAPTURE(text);
    CHECK(parse_notify_message(text).ready);
  }
  for (const std::string_view text : {"",
                                      "\n",
                                      "READY",
                                      "READY=",
                                      "READY=0",
                                      "READY=2",
                                      "READY=11",
                                      "READY=01",
                                      "READY=1 ",
                                      "READY= 1",
                                      " READY=1",
                                      "READY =1",
                                      "READY=1\r\n",
                                      "READY=1\t",
                                      "READY=true",
                                      "READY=yes",
                                      "ready=1",
                                      "XREADY=1",
                                      "READYX=1",
                                      "READY==1",
                                      "STATUS=READY=1",
                                      "READY=\n1",
                                      "1",
                                      "=1"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_notify_message(text).ready);
  }
  // Some programs send the end of their string as well.
  CHECK(parse_notify_message(std::string_view("READY=1\0", 8)).ready);
  CHECK(parse_notify_message(std::string_view("READY=1\n\0\0", 10)).ready);
  CHECK_FALSE(parse_notify_message(std::string_view("READY=1\0\n", 9)).ready);
  CHECK_FALSE(parse_notify_message(std::string_view("\0READY=1", 8)).ready);
}

TEST_CASE("one message can say everything at once") {
  const NotifyMessage message = parse_notify_message(
      "READY=1\nSTATUS=listening on [::]:80\nERRNO=2\nEXTEND_TIMEOUT_USEC=1500000\nMAINPID=4242\n"
      "BARRIER=1\n");
  CHECK(message.ready);
  CHECK(message.barrier);
  CHECK(message.status == "listening on [::]:80");
  CHECK(message.error_number == 2);
  CHECK(message.extend == Duration(1500000));
  CHECK(message.main_pid == 4242);
}

TEST_CASE("what is not understood is passed over") {
  for (const std::string_view text : {"",
                                      "\n",
                                      "\n\n\n",
                                      "=",
                                      "==",
                                      "STATUS",
                                      "MAINPID",
                                      "WATCHDOG=1",
                                      "FDSTORE=1",
                                      "FDNAME=x",
                                      "RELOADING=1",
                                      "STOPPING=1",
                                      "MONOTONIC_USEC=5",
                                      "X_MAINPID=5",
                                      "status=x",
                                      " STATUS=x",
                                      "STATUS =x",
                                      "EXTEND_TIMEOUT=5",
                                      "BARRIER=0",
                                      "BARRIER=",
                                      "BARRIER=2",
                                      "\xFF\xFE=\x80"}) {
    CAPTURE(text);
    CHECK(is_silent(parse_notify_message(text)));
  }
  CHECK(is_silent(parse_notify_message(std::string_view("\0\0\n\0=\0", 6))));
  CHECK(is_silent(parse_notify_message(std::string(100000, '='))));
  CHECK(is_silent(parse_notify_message(std::string(100000, '\n'))));
}

TEST_CASE("a status is any text to the end of its line") {
  struct Row {
    std::string_view text;
    std::string status;
  };
  const Row rows[] = {
      {"STATUS=", ""},
      {"STATUS=\nREADY=1", ""},
      {"STATUS= ", " "},
      {"STATUS=a=b", "a=b"},
      {"STATUS==", "="},
      {"STATUS=loading 5%\r\n", "loading 5%\r"},
      {"STATUS=caf\xC3\xA9 \xFF", "caf\xC3\xA9 \xFF"},
      {"STATUS=\x1B[2J", "\x1B[2J"},
      {"STATUS=READY=1", "READY=1"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    const NotifyMessage message = parse_notify_message(row.text);
    REQUIRE(message.status.has_value());
    CHECK(*message.status == row.status);
  }
  const std::string longest(8000, 's');
  CHECK(parse_notify_message("STATUS=" + longest).status == longest);
  CHECK(parse_notify_message(std::string_view("STATUS=a\0b", 10)).status == std::string("a\0b", 3));
}

TEST_CASE("an errno and a main process are positive numbers that fit") {
  for (const int number : {1, 2, 110, 4095, std::numeric_limits<int>::max()}) {
    CAPTURE(number);
    CHECK(parse_notify_message("ERRNO=" + std::to_string(number)).error_number == number);
    CHECK(parse_notify_message("MAINPID=" + std::to_string(number)).main_pid == number);
  }
  for (const std::string value :
       {"", "0", "-1", "-0", "+1", " 1", "1 ", "1.0", "0x1", "x", "ENOENT", "1x", "2147483648",
        "4294967297", "18446744073709551617", "1\r", "1=1"}) {
    CAPTURE(value);
    CHECK(is_silent(parse_notify_message("ERRNO=" + value)));
    CHECK(is_silent(parse_notify_message("MAINPID=" + value)));
  }
}

TEST_CASE("a value that is none does not undo one that is") {
  CHECK(parse_notify_message("ERRNO=2\nERRNO=x").error_number == 2);
  CHECK(parse_notify_message("ERRNO=x\nERRNO=2").error_number == 2);
  CHECK(parse_notify_message("MAINPID=7\nMAINPID=0").main_pid == 7);
  CHECK(parse_notify_message("MAINPID=0\nMAINPID=7").main_pid == 7);
  CHECK(parse_notify_message("EXTEND_TIMEOUT_USEC=5\nEXTEND_TIMEOUT_USEC=x").extend == Duration(5));
  CHECK(parse_notify_message("EXTEND_TIMEOUT_USEC=x\nEXTEND_TIMEOUT_USEC=5").extend == Duration(5));
  CHECK(parse_notify_message("BARRIER=1\nBARRIER=0").barrier);
}

TEST_CASE("more time is asked for in microseconds") {
  for (const std::int64_t us :
       {std::int64_t{1}, std::int64_t{1000000}, std::int64_t{86400000000}}) {
    CAPTURE(us);
    CHECK(parse_notify_message("EXTEND_TIMEOUT_USEC=" + std::to_string(us)).extend == Duration(us));
  }
  for (const std::string value : {"", "0", "-1", "+1", " 1", "1 ", "1.5", "1s", "1e6", "inf"}) {
    CAPTURE(value);
    CHECK_FALSE(parse_notify_message("EXTEND_TIMEOUT_USEC=" + value).extend.has_value());
  }
}

TEST_CASE("however much more time is asked for can be added to a time of the clock") {
  using Clock = std::chrono::steady_clock;
  const Duration century = std::chrono::hours(24 * 36500);
  // The last one is sd_notify(3)'s infinity.
  for (const std::string value : {"3155760000000000", "9000000000000000", "9223372036854775",
                                  "9223372036854776", "4611686018427387903", "9223372036854775807",
                                  "9223372036854775808", "18446744073709551615"}) {
    CAPTURE(value);
    const auto extend = parse_notify_message("EXTEND_TIMEOUT_USEC=" + value).extend;
    CHECK(extend.has_value());
    const auto room = Clock::time_point::max() - Clock::now();
    if (!extend) continue;
    CHECK(*extend > century / 2);
    CHECK(*extend < std::chrono::duration_cast<Duration>(room));
  }
}

TEST_CASE("the line of the s6 way ends with a newline whatever it says") {
  for (const std::string_view text : {"\n", "ready\n", "\n\n", "x\ny", "\r\n", "READY=0\n"}) {
    CAPTURE(text);
    CHECK(is_ready_line(text));
  }
  CHECK(is_ready_line(std::string_view("\0\n", 2)));
  for (const std::string_view text : {"", "ready", "READY=1", " ", "\r", "\\n"}) {
    CAPTURE(text);
    CHECK_FALSE(is_ready_line(text));
  }
  CHECK_FALSE(is_ready_line(std::string(8192, 'x')));
}

}  // namespace tether
