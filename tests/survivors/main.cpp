// survivors [--check|--self-test] [--jobs=N] [--only=TEXT] - who lives on after a wrapper, its
// parent, its group or its terminal is gone: tether beside the tools it replaces, each with the
// same family of processes (tests/tools/family.cpp) at a terminal of its own.
//
// stdout  one Markdown table, and a line that says on what kernel and with what versions it was
//         made. TEXT: only rows whose command line contains it.
// stderr  what is left out and why, and a line for each claim of tether's that does not hold.
// exit    0 tether's claims hold; 1 one does not, or something cannot be judged, or a peer is not
//         installed and CI is set; 2 bad usage. What peers do decides nothing.
//
// --check      only what tether claims, each cell over as soon as its claim has come true. stdout:
// one
//              line that counts. exit: also 77, where no claim is broken and some cannot be looked
//              at (namespaces are refused); stderr says which.
// --self-test  shows that --check finds claims that are planted and false.
// Both add their results to the file TETHER_REPORT (report.hpp).
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>
#include <thread>

#include "check.hpp"
#include "processes.hpp"
#include "table.hpp"

namespace survivors {
namespace {

enum class Mode { table, check, self_test };

struct Arguments {
  Mode mode = Mode::table;
  // Most of it is waiting. On one processor, which may be an emulated one, the others' families
  // would only be in the way.
  std::size_t jobs = std::thread::hardware_concurrency() > 1 ? 6 : 1;
  std::string only;
};

bool parse(int argc, char** argv, Arguments& arguments) {
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word.starts_with("--jobs="))
      arguments.jobs = std::strtoul(word.c_str() + 7, nullptr, 10);
    else if (word.starts_with("--only="))
      arguments.only = word.substr(7);
    else if (word == "--check")
      arguments.mode = Mode::check;
    else if (word == "--self-test")
      arguments.mode = Mode::self_test;
    else
      return false;
  }
  return arguments.jobs > 0;
}

int run(const Arguments& arguments) {
  switch (arguments.mode) {
    case Mode::table:
      return make_table(arguments.jobs, arguments.only);
    case Mode::check:
      return check(arguments.jobs, arguments.only);
    case Mode::self_test:
      return check_the_check(arguments.jobs);
  }
  return 2;
}

}  // namespace
}  // namespace survivors

int main(int argc, char** argv) {
  survivors::start_clean();
  survivors::Arguments arguments;
  if (!survivors::parse(argc, argv, arguments)) {
    (void)std::fputs("usage: survivors [--check|--self-test] [--jobs=N] [--only=TEXT]\n", stderr);
    return 2;
  }
  try {
    return survivors::run(arguments);
  } catch (const std::exception& error) {
    std::cerr << "survivors: " << error.what() << std::endl;
    return 1;
  }
}
