// Option values from text: what is taken, and above all what is not.
#include "cli/values.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <string>
#include <string_view>

namespace tether {
namespace {

constexpr int largest = std::numeric_limits<int>::max();

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

}  // namespace tether
