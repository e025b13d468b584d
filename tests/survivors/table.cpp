// survivors [--jobs=N] [--only=TEXT] - who lives on after a wrapper, its parent, its group or its
// terminal is gone: tether beside the tools it replaces, each with the same family of processes
// (tests/tools/family.cpp) at a terminal of its own.
//
// stdout  one Markdown table, and a line that says on what kernel and with what versions it was
//         made. TEXT: only rows whose command line contains it.
// stderr  what is left out and why, and a line for each claim of tether's that does not hold.
// exit    0 tether's claims hold; 1 one does not, or something cannot be judged, or a peer is not
//         installed and CI is set; 2 bad usage. What peers do decides nothing.
#include <sys/utsname.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "cell.hpp"
#include "crew.hpp"
#include "processes.hpp"
#include "programs.hpp"
#include "rows.hpp"

namespace survivors {
namespace {

struct Arguments {
  // Most of it is waiting. On one processor, which may be an emulated one, the others' families
  // would only be in the way.
  std::size_t jobs = std::thread::hardware_concurrency() > 1 ? 6 : 1;
  std::string only;
};

int broken = 0;

void say(const std::string& text) {
  std::cerr << "survivors: " << text << std::endl;
}

void fault(const std::string& text) {
  say(text);
  broken = 1;
}

// "0", "all 7", "5: all but child, group", "3: sessions, comet".
std::string shown(const Cell& cell) {
  static const std::vector<std::string> roles{"child",    "group",  "deaf", "session1",
                                              "session2", "daemon", "comet"};
  const std::size_t count = cell.survivors.size();
  if (count == 0) return "0";
  if (count == family_size) return "all 7";
  const bool are_missing = count + 2 >= family_size;
  std::string text = std::to_string(count) + ": " + (are_missing ? "all but " : "");
  const char* separator = "";
  for (const std::string& role : roles) {
    if ((cell.survivors.count(role) != 0) == are_missing) continue;
    text += separator + role;
    separator = ", ";
  }
  const std::size_t both = text.find("session1, session2");
  return both == std::string::npos ? text : text.replace(both, 18, "sessions");
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
    if (!is_kept(row.claim(deaths[column]), cell.survivors))
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
  const std::string family = suite_directory() + "/tools/family";
  std::vector<Crew::Work> work;
  for (const Row& row : rows) {
    std::vector<std::string> words = row.words;
    words.front() = locate(words.front());
    for (const Death death : deaths)
      work.emplace_back([=] { return to_text(play(row, words, family, death)); });
  }
  std::vector<Cell> cells;
  for (const std::string& text : Crew(jobs, 150).perform(work)) {
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

int run(const Arguments& arguments) {
  become_subreaper();
  const std::vector<Row> rows = rows_to_play(arguments.only);
  const std::vector<Cell> cells = play_all(rows, arguments.jobs);
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

bool parse(int argc, char** argv, Arguments& arguments) {
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word.starts_with("--jobs="))
      arguments.jobs = std::strtoul(word.c_str() + 7, nullptr, 10);
    else if (word.starts_with("--only="))
      arguments.only = word.substr(7);
    else
      return false;
  }
  return arguments.jobs > 0;
}

}  // namespace
}  // namespace survivors

int main(int argc, char** argv) {
  survivors::Arguments arguments;
  if (!survivors::parse(argc, argv, arguments)) {
    (void)std::fputs("usage: survivors [--jobs=N] [--only=TEXT]\n", stderr);
    return 2;
  }
  // A complaint is shown as text.
  (void)::setenv("NO_COLOR", "1", 1);
  try {
    return survivors::run(arguments);
  } catch (const std::exception& error) {
    std::cerr << "survivors: " << error.what() << std::endl;
    return 1;
  }
}
