// The text files of the kernel: lines, words, and the line of /proc/PID/stat.
#include "sys/kernel_text.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "sys/processes.hpp"

namespace tether {
namespace {

std::string stat_line(const std::string& name) {
  return "4242 (" + name +
         ") S 17 4242 4242 0 -1 4194304 100 0 0 0 31 7 0 0 20 0 3 0 987654 1000 200 0\n";
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  while (true) {
    const std::string_view word = take_word(text);
    if (word.empty()) return words;
    words.emplace_back(word);
  }
}

}  // namespace

TEST_CASE("words are what is between blanks, tabs and newlines") {
  CHECK(words_of("") == std::vector<std::string>{});
  CHECK(words_of(" \t\n") == std::vector<std::string>{});
  CHECK(words_of("VmHWM:\t    1234 kB\n") == std::vector<std::string>{"VmHWM:", "1234", "kB"});
  CHECK(words_of("one\n\ntwo") == std::vector<std::string>{"one", "two"});
}

TEST_CASE("a line goes up to its newline, and the last one needs none") {
  std::string_view text = "first\n\nlast";
  CHECK(take_line(text) == "first");
  CHECK(take_line(text) == "");
  CHECK(take_line(text) == "last");
  CHECK(text.empty());
}

TEST_CASE("the name of a process misleads nobody who reads its stat line") {
  for (const char* name : {"sh", "a b", "a) R 1 (b", ")", "", "two\nlines", "(("}) {
    CAPTURE(name);
    const auto stat = parse_process_stat(stat_line(name));
    REQUIRE(stat);
    CHECK(stat->state == 'S');
    CHECK(stat->parent == 17);
    CHECK(stat->user_ticks == 31);
    CHECK(stat->system_ticks == 7);
    CHECK(stat->threads == 3);
    CHECK(stat->start_time == 987654);
  }
}

TEST_CASE("what is cut off or something else is no stat line") {
  const std::string whole = stat_line("sh");
  CHECK_FALSE(parse_process_stat(""));
  CHECK_FALSE(parse_process_stat("4242 (sh"));
  CHECK_FALSE(parse_process_stat("4242 (sh)"));
  CHECK_FALSE(parse_process_stat(whole.substr(0, whole.find(" 987654"))));
}

TEST_CASE("this process has a stat line, and a pid that cannot be has none") {
  const auto own = read_process_stat(::getpid());
  REQUIRE(own);
  CHECK(own->parent == ::getppid());
  CHECK_FALSE(read_process_stat(1 << 30));
  CHECK_FALSE(read_small_file("/proc/no/such/file"));
}

}  // namespace tether
