// Option values from text: what is taken, and above all what is not.
#include "cli/values.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cctype>
#include <csignal>
#include <limits>
#include <string>
#include <string_view>

#include "sys/signal_names.hpp"

namespace tether {
namespace {

constexpr int largest = std::numeric_limits<int>::max();

std::string in_lower_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

}  // namespace

TEST_CASE("a decimal number within its bounds is taken") {
  struct Row {
    std::string_view text;
    int low;
    int high;
    int number;
  };
  constexpr Row rows[] = {
      {"0", 0, 0, 0},       {"0", 0, 255, 0},   {"255", 0, 255, 255},
      {"143", 0, 255, 143}, {"007", 0, 255, 7}, {"00000000000000000000255", 0, 255, 255},
      {"3", 3, 9, 3},       {"9", 3, 9, 9},     {"2147483647", 0, largest, largest},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    const auto number = parse_number(row.text, row.low, row.high);
    REQUIRE(number.has_value());
    CHECK(*number == row.number);
  }
}

TEST_CASE("a number outside its bounds is refused") {
  CHECK_FALSE(parse_number("256", 0, 255).has_value());
  CHECK_FALSE(parse_number("2", 3, 9).has_value());
  CHECK_FALSE(parse_number("10", 3, 9).has_value());
  CHECK_FALSE(parse_number("2147483648", 0, largest).has_value());
  CHECK_FALSE(parse_number("4294967296", 0, largest).has_value());
  CHECK_FALSE(parse_number("18446744073709551616", 0, largest).has_value());
  CHECK_FALSE(parse_number(std::string(5000, '9'), 0, largest).has_value());
}

TEST_CASE("text that is no decimal number is refused") {
  for (const std::string_view text :
       {"",    " ",   "-",   "+",    "-1", "-0", "+1",  " 1",  "1 ",       "1\n",     "\t1",
        "1.0", "1,0", "1e2", "0x10", "1a", "a1", "ten", "1-2", "\xC2\xB2", "\xD9\xA1"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_number(text, -100, largest).has_value());
  }
  CHECK_FALSE(parse_number(std::string_view("1\0", 2), 0, 255).has_value());
  CHECK_FALSE(parse_number(std::string_view("1\0002", 3), 0, 255).has_value());
}

TEST_CASE("a umask is octal") {
  struct Row {
    std::string_view text;
    mode_t mode;
  };
  constexpr Row rows[] = {{"0", 0},       {"000", 0},      {"7", 07},       {"22", 022},
                          {"022", 022},   {"0022", 022},   {"077", 077},    {"777", 0777},
                          {"0777", 0777}, {"00777", 0777}, {"000027", 0027}};
  for (const Row& row : rows) {
    CAPTURE(row.text);
    const auto mode = parse_umask(row.text);
    REQUIRE(mode.has_value());
    CHECK(*mode == row.mode);
  }
}

TEST_CASE("what is no umask is refused") {
  for (const std::string_view text :
       {"", "8", "08", "18", "1000", "01777", "7777", "-1", "+22", " 22", "22 ", "0o22", "0x1F",
        "u=rwx", "u=rwx,g=rx", "22.", "37777777777", "777777777777777777777777777"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_umask(text).has_value());
  }
}

TEST_CASE("an assignment is split at its first equals sign") {
  struct Row {
    std::string text;
    std::string name;
    std::string value;
  };
  const Row rows[] = {
      {"A=1", "A", "1"},
      {"A=", "A", ""},
      {"A==", "A", "="},
      {"A=B=C", "A", "B=C"},
      {"A= ", "A", " "},
      {" A=1", " A", "1"},
      {"A=[a,b]", "A", "[a,b]"},
      {"A=\n", "A", "\n"},
      {"A=\xFF\xFE", "A", "\xFF\xFE"},
      {"--json=1", "--json", "1"},
      {"lower.case-and.dots=1", "lower.case-and.dots", "1"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    const auto change = parse_assignment(row.text);
    REQUIRE(change.has_value());
    CHECK(change->name == row.name);
    REQUIRE(change->value.has_value());
    CHECK(*change->value == row.value);
  }
}

TEST_CASE("an assignment without a name or without an equals sign is refused") {
  for (const std::string text : {"", "=", "=1", "==", "A", "A B", "PATH:x"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_assignment(text).has_value());
  }
}

TEST_CASE("a signal is taken by its number") {
  for (int signal = 1; signal <= 64; ++signal)
    CHECK(parse_signal(std::to_string(signal)) == signal);
  CHECK(parse_signal("015") == 15);
  for (const std::string_view text :
       {"0", "00", "65", "-1", "-15", "+15", " 15", "15 ", "1.5", "0xF", "4294967311", "SIG15"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_signal(text).has_value());
  }
}

TEST_CASE("a signal is taken by each of its names in any case") {
  // 32 and 33 are the C library's own and have no name.
  for (int signal = 1; signal <= 64; ++signal) {
    if (signal == 32 || signal == 33) continue;
    const std::string name = signal_name(signal);
    CAPTURE(name);
    REQUIRE(name.substr(0, 3) == "SIG");
    CHECK(parse_signal(name) == signal);
    CHECK(parse_signal(name.substr(3)) == signal);
    CHECK(parse_signal(in_lower_case(name)) == signal);
    CHECK(parse_signal("Sig" + in_lower_case(name.substr(3))) == signal);
  }
  struct Row {
    std::string_view text;
    int signal;
  };
  const Row rows[] = {{"TERM", SIGTERM}, {"sigterm", SIGTERM},    {"Term", SIGTERM},
                      {"KILL", SIGKILL}, {"HUP", SIGHUP},         {"INT", SIGINT},
                      {"USR1", SIGUSR1}, {"CLD", SIGCHLD},        {"SIGCLD", SIGCHLD},
                      {"IOT", SIGABRT},  {"POLL", SIGIO},         {"IO", SIGIO},
                      {"STOP", SIGSTOP}, {"sigstkflt", SIGSTKFLT}};
  for (const Row& row : rows) {
    CAPTURE(row.text);
    CHECK(parse_signal(row.text) == row.signal);
  }
}

TEST_CASE("real-time signals are counted from either end and not beyond the other") {
  CHECK(parse_signal("RTMIN") == SIGRTMIN);
  CHECK(parse_signal("rtmax") == SIGRTMAX);
  const int span = SIGRTMAX - SIGRTMIN;
  for (int offset = 0; offset <= span; ++offset) {
    CHECK(parse_signal("SIGRTMIN+" + std::to_string(offset)) == SIGRTMIN + offset);
    CHECK(parse_signal("RTMAX-" + std::to_string(offset)) == SIGRTMAX - offset);
  }
  CHECK_FALSE(parse_signal("RTMIN+" + std::to_string(span + 1)).has_value());
  CHECK_FALSE(parse_signal("RTMAX-" + std::to_string(span + 1)).has_value());
  for (const std::string_view text :
       {"RTMIN-1", "RTMAX+1", "RTMIN+", "RTMAX-", "RTMIN1", "RTMIN++1", "RTMIN+-1", "RTMAX--1",
        "RTMIN+ 1", "RTMIN+1 ", "RTMIN+1x", "RTMIN+4294967297", "RT", "RTMID"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_signal(text).has_value());
  }
}

TEST_CASE("text that is no signal is refused") {
  for (const std::string_view text :
       {"", " ", "SIG", "sig", "SIGSIGTERM", "TERMINATE", "TER", " TERM", "TERM ", "TERM\n",
        "-TERM", "EXIT", "ALL", "TERM,INT", "SIG-TERM", "SIG TERM", "T\xC3\x89RM"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_signal(text).has_value());
  }
  CHECK_FALSE(parse_signal(std::string_view("TERM\0", 5)).has_value());
}

TEST_CASE("readiness comes over a descriptor or a socket") {
  const auto socket = parse_notify("socket");
  REQUIRE(socket.has_value());
  CHECK(socket->kind == Notify::Kind::socket);
  for (const int fd : {0, 1, 2, 3, 255, largest}) {
    CAPTURE(fd);
    const auto notify = parse_notify("fd:" + std::to_string(fd));
    REQUIRE(notify.has_value());
    CHECK(notify->kind == Notify::Kind::descriptor);
    CHECK(notify->fd == fd);
  }
  CHECK(parse_notify("fd:007")->fd == 7);
  for (const std::string_view text :
       {"",       " ",     "fd",   "fd:",    "fd:-1",  "fd:+1",         "fd: 3",   "fd:3 ",
        "fd:3\n", "fd3",   "fd=3", "FD:3",   " fd:3",  "fd:2147483648", "fd:0x3",  "fd:x",
        "fd:3:4", "fd::3", "3",    "Socket", "SOCKET", "socket ",       "socket:", "socket:/run/x",
        "sockets"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_notify(text).has_value());
  }
}

TEST_CASE("a process is a number and perhaps an inode") {
  CHECK(parse_process("1")->pid == 1);
  CHECK_FALSE(parse_process("1")->inode.has_value());
  CHECK(parse_process("4242:1083")->pid == 4242);
  CHECK(parse_process("4242:1083")->inode == 1083);
  CHECK(parse_process("2:18446744073709551615")->inode == 18446744073709551615U);
  for (const std::string_view text :
       {"", "0", "-1", "+1", "x", "1x", " 1", "1 ", "1:", ":1", "1:0", "1:-1", "1:x", "1:2:3",
        "2147483648", "1:18446744073709551616"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_process(text).has_value());
  }
}

}  // namespace tether
