// Tables that fit a terminal.
#include <doctest/doctest.h>

#include <sstream>
#include <string>

#include "report/messages.hpp"

namespace tether {

TEST_CASE("a row has its name and its text in columns") {
  CHECK(table_row("kernel", "Linux 7.3") == "kernel          Linux 7.3\n");
  CHECK(table_row("nnp", Means::prctl, "as strong") ==
        "nnp             prctl          as strong\n");
  CHECK(table_row("tree", Means::pid_namespace, "by the kernel") ==
        "tree            pid-namespace  by the kernel\n");
  CHECK(table_row("tree", Means::none, "no") == "tree            -              no\n");
}

TEST_CASE("a long text goes on below itself and never over the edge") {
  for (const std::size_t words : {1U, 10U, 40U}) {
    std::string text;
    for (std::size_t i = 0; i < words; ++i) text += i == 0 ? "word" : " word";
    std::istringstream lines(table_row("name", text));
    std::size_t seen = 0;
    for (std::string line; std::getline(lines, line); ++seen) {
      CHECK(line.size() <= 80);
      CHECK(line.back() != ' ');
      CHECK(line.substr(0, 16) == (seen == 0 ? "name            " : std::string(16, ' ')));
      CHECK(line.substr(16, 4) == "word");
    }
    CHECK(seen == (words * 5 + 63) / 65);
  }
}

TEST_CASE("a word that is wider than the column is left whole") {
  const std::string path = "/" + std::string(100, 'x');
  CHECK(table_row("cgroup v2", path) == "cgroup v2       " + path + "\n");
}

TEST_CASE("what each means is in plain words fits one row") {
  for (const GuaranteeRow& guarantee : guarantee_table)
    for (int each = 0; each <= static_cast<int>(Means::pid_namespace); ++each) {
      const auto means = static_cast<Means>(each);
      const std::string row = table_row("autoreap, -d", means, explain(guarantee.guarantee, means));
      CAPTURE(row);
      CHECK(row.find('\n') == row.size() - 1);
    }
}

}  // namespace tether
