// Durations from text: what is taken, and above all what is not.
#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "cli/values.hpp"

namespace tether {

TEST_CASE("a duration is a number with a unit and seconds without one") {
  struct Row {
    std::string_view text;
    std::int64_t us;
  };
  constexpr Row rows[] = {
      {"1", 1000000},
      {"007", 7000000},
      {"1.5", 1500000},
      {".5", 500000},
      {"5.", 5000000},
      {"0.25s", 250000},
      {"30s", 30000000},
      {"200ms", 200000},
      {"0.5ms", 500},
      {"1500ms", 1500000},
      {"5m", 300000000},
      {"1.5m", 90000000},
      {"2h", 7200000000},
      {"0.5h", 1800000000},
      {"1d", 86400000000},
      {"1.5d", 129600000000},
      {"0000000000000000000000000000000000000001s", 1000000},
      {"1.0000000000000000000000000000000000000000", 1000000},
      // What is not nothing is not never either.
      {"0.000001", 1},
      {"0.0000001", 1},
      {"0.0001ms", 1},
      {"0.000000000000000000001d", 1},
      {"1.0000001", 1000001},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    const auto duration = parse_duration(row.text);
    REQUIRE(duration.has_value());
    CHECK(duration->count() == row.us);
  }
}

TEST_CASE("nothing and infinity and what no clock will see are never") {
  const std::string nines(40, '9');
  for (const std::string& text :
       {std::string("inf"), std::string("infinity"), std::string("0"), std::string("00"),
        std::string("0.0"), std::string(".0"), std::string("0."), std::string("0ms"),
        std::string("0s"), std::string("0m"), std::string("0h"), std::string("0d"), nines,
        nines + "ms", nines + ".5s", std::string(300, '9') + "d",
        std::string("9223372036854775807d")}) {
    CAPTURE(text);
    CHECK(parse_duration(text) == never);
  }
}

TEST_CASE("a number is one however long it is") {
  CHECK(parse_duration(std::string(400, '9')) == never);
  CHECK(parse_duration(std::string(400, '9') + "d") == never);
  CHECK(parse_duration("0." + std::string(400, '0') + "1") == Duration(1));
}

TEST_CASE("a duration that is not never can be added to a time of the clock") {
  using Clock = std::chrono::steady_clock;
  for (const std::string_view text : {"1d", "10000d", "100000d", "106000d", "107000d", "150000d",
                                      "213503d", "1000000d", "53375995d", "53375996d"}) {
    CAPTURE(text);
    const auto duration = parse_duration(text);
    REQUIRE(duration.has_value());
    const auto room = Clock::time_point::max() - Clock::now();
    if (*duration != never)
      CHECK(*duration < std::chrono::duration_cast<std::chrono::microseconds>(room));
  }
  CHECK(*parse_duration("30000d") != never);
}

TEST_CASE("text that is no duration is refused") {
  for (const std::string_view text :
       {"",        " ",        "-",   "+",     ".",      "-1",       "-0",        "-0.5",  "+1",
        "+inf",    "-inf",     " 1",  "1 ",    "1\n",    "1 s",      "s",         "ms",    ".s",
        "1us",     "1ns",      "1S",  "1MS",   "1Ms",    "1M",       "1sec",      "1min",  "1w",
        "1y",      "1ss",      "1sm", "1m30s", "1h 5m",  "1:30",     "1,5",       "1.5.5", "0x10",
        "0x1p3",   "nan",      "NaN", "nans",  "nan(1)", "INF",      "Inf",       "infs",  "inf s",
        "inf ",    "1inf",     "1e",  "1es",   "1e3",    "1E3",      "1e-400",    "1e309", "5e0s",
        "infinit", "Infinity", "ten", "1s1",   "1--",    "\xD9\xA1", "1\xC2\xB5s"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_duration(text).has_value());
  }
  CHECK_FALSE(parse_duration(std::string_view()).has_value());
  CHECK_FALSE(parse_duration(std::string_view("1\0", 2)).has_value());
  CHECK_FALSE(parse_duration(std::string_view("1s\0", 3)).has_value());
}

}  // namespace tether
