#include "table.hpp"

#include <sys/utsname.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <set>
#include <string>
#include <vector>

#include "cell.hpp"
#include "crew.hpp"
#include "processes.hpp"
#include "programs.hpp"
#include "rows.hpp"

namespace survivors {
namespace {

int broken = 0;

void say(const std::string& text) {
  std::cerr << "survivors: " << text << std::endl;
}

void fault(const std::string& text) {
  say(text);
  broken = 1;
}

// Where user namespaces are refused there is no such thing; in the test machine they are not.
bool may_be_refused(const Row& row) {
  return !row.is_tether() || (row.title.find("--pid-namespace") != std::string::npos &&
                              std::getenv("TETHER_VM") == nullptr);
}

void print_refused(const Row& row, const std::string& complaint) {
  if (row.is_tether() && complaint.find("unknown option") != std::string::npos)
    return say("left out: " + row.title + ": " + complaint);
  if (!may_be_refused(row)) return fault(row.title + ": does not start: " + complaint);
  std::cout << "| `" << row.title << "` | does not start here: " << complaint << " |";
  for (std::size_t more = 1; more < deaths.size(); ++more) std::cout << " |";
  std::cout << std::endl;
}

void print_row(const Row& row, const std::vector<Cell>& cells) {
  for (const Cell& cell : cells)
    if (!cell.started) return print_refused(row, cell.complaint);
  std::cout << "| `" << row.title << "` |";
  for (const Cell& cell : cells) std::cout << ' ' << shown(cell) << " |";
  std::cout << std::endl;
  for (std::size_t column = 0; column < deaths.size(); ++column) {
    const Cell& cell = cells[column];
    if (!cell.kept)
      fault(row.title + ": " + title_of(deaths[column]) + ": " + shown(cell) + " lived on");
    if (!cell.cleared) fault(row.title + ": processes are left that do not die");
  }
}

// The rows whose programs are here, with the program's path as the first word.
std::vector<Row> rows_to_play(const std::string& only) {
  std::vector<Row> rows;
  std::set<std::string> missing;
  for (Row row : all_rows()) {
    if (row.title.find(only) == std::string::npos) continue;
    if (locate(row.words.front()).empty())
      missing.insert(row.words.front());
    else
      rows.push_back(std::move(row));
  }
  const char* ci = std::getenv("CI");
  for (const std::string& program : missing) {
    say("left out: " + program + " is not installed");
    if (ci != nullptr && *ci != 0) fault("in CI a peer that is missing is a failure");
  }
  return rows;
}

std::vector<Cell> play_all(const std::vector<Row>& rows, std::size_t jobs) {
  std::vector<Crew::Work> work;
  for (const Row& row : rows) {
    std::vector<std::string> words = row.words;
    words.front() = locate(words.front());
    for (const Death death : deaths) {
      const Play play{words, death, row.claim(death)};
      work.emplace_back([play, quiet = row.quiet()] { return to_text(observe(play, quiet)); });
    }
  }
  std::vector<Cell> cells;
  for (const std::string& text : Crew(jobs).perform(work)) {
    if (text.starts_with("error: ")) fault(text);
    cells.push_back(from_text(text));
  }
  return cells;
}

void print_versions(const std::vector<Row>& rows) {
  utsname kernel{};
  (void)::uname(&kernel);
  std::string list;
  std::string last;
  for (const Row& row : rows) {
    if (row.words.front() == last) continue;
    last = row.words.front();
    list += (list.empty() ? "" : ", ") + version_of(locate(last));
  }
  std::cout << "\nLinux " << kernel.release << ", " << (::geteuid() == 0 ? "root" : "unprivileged")
            << "; " << list << '.' << std::endl;
}

}  // namespace

int make_table(std::size_t jobs, const std::string& only) {
  become_subreaper();
  const std::vector<Row> rows = rows_to_play(only);
  const std::vector<Cell> cells = play_all(rows, jobs);
  std::cout << "| |";
  for (const Death death : deaths) std::cout << ' ' << title_of(death) << " |";
  std::cout << "\n|---|---|---|---|---|---|---|\n";
  auto first = cells.begin();
  for (const Row& row : rows) {
    print_row(row, {first, first + deaths.size()});
    first += deaths.size();
  }
  print_versions(rows);
  if (!end_all()) fault("processes are left that do not die");
  return broken;
}

}  // namespace survivors
