// Which options cannot stand together, by name and in either order, and which are nothing alone.
#include "cli/consistency.hpp"

#include <doctest/doctest.h>

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace tether {
namespace {

using Words = std::vector<std::string>;

// What the command line sets, judged.
Status judge(const Words& words) {
  std::vector<const char*> argv = {"tether"};
  for (const std::string& word : words) argv.push_back(word.c_str());
  argv.push_back(nullptr);
  const std::size_t count = words.size() + 1;
  const Result<Boundary> boundary = find_boundary(static_cast<int>(count), argv.data());
  REQUIRE(boundary.ok());
  Options options;
  for (const NamedOption& option : boundary.value().options)
    REQUIRE(option.row->apply(options, option.value) == nullptr);
  char* command[] = {nullptr};
  if (boundary.value().command < count) options.command = command;
  return check_consistency(boundary.value(), options);
}

// Empty if it is not refused.
std::string refusal(const Words& words) {
  const Status judged = judge(words);
  if (judged.ok()) return {};
  CHECK(judged.failure().stage == Stage::usage);
  CHECK(judged.failure().error_number == 0);
  CHECK(judged.failure().hint.ends_with("try 'tether --help'"));
  CHECK_FALSE(judged.failure().detail.empty());
  return judged.failure().detail;
}

// For messages.
std::string as_line(const Words& words) {
  std::string line = "tether";
  for (const std::string& word : words) line += " " + word;
  return line;
}

Words joined(Words words, const Words& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

void check_refused(const Words& words, const std::string& start) {
  INFO(as_line(words));
  CHECK(refusal(words).substr(0, start.size()) == start);
}

// Two groups of options that cannot stand together, and how the refusal begins.
struct Pair {
  Words one;
  Words other;
  std::string text;
};

void check_contradiction(const Pair& pair) {
  for (const Words& words : {joined(pair.one, pair.other), joined(pair.other, pair.one)})
    check_refused(joined(words, {"cmd"}), pair.text + " contradict each other");
}

// An option of the table as a word, with a value that is one.
std::string word_for(const OptionRow& row) {
  static const std::map<std::string_view, std::string> values = {
      {"SIG", "TERM"},       {"DURATION", "1"}, {"N", "9"},           {"FILE", "f"},
      {"DIR", "/"},          {"MODE", "022"},   {"NAME", "A"},        {"fd:N|socket", "socket"},
      {"NAME=VALUE", "A=1"}, {"FD", "9"},       {"PID[:INODE]", "1"}, {"FROM:TO", "TERM:INT"},
      {"CMD", "x"},
  };
  const std::string name = std::string("--") + row.name;
  return row.takes_value() ? name + "=" + values.at(row.value_name) : name;
}

}  // namespace

TEST_CASE("every option can stand alone or with what it needs") {
  for (const OptionRow& row : option_table()) {
    const std::string_view name = row.name;
    const Words needed = name == "ready-timeout"     ? Words{"--notify=socket"}
                         : name == "preserve-status" ? Words{"-t5"}
                         : name == "truncate"        ? Words{"--log=f"}
                         : name == "stop"            ? Words{"--pidfile=f"}
                         : name == "become"          ? Words{"--pidfd-fd=9"}
                                                     : Words{};
    const bool takes_command = name != "stop" && name != "features";
    const Words command = takes_command ? Words{"cmd"} : Words{};
    const Words words = joined(joined({word_for(row)}, needed), command);
    INFO(as_line(words));
    CHECK(refusal(words).empty());
  }
}

TEST_CASE("a detached child has no waiting tether and no terminal and is no tether itself") {
  for (const std::string detach : {"-d", "-f", "--detach", "--fork"}) {
    for (const std::string wait : {"-w", "--wait"})
      check_contradiction({{detach}, {wait}, "--detach and --wait"});
    for (const std::string ctty : {"-c", "--ctty"})
      check_contradiction({{detach}, {ctty}, "--detach and --ctty"});
    check_contradiction({{detach}, {"--exec"}, "--detach and --exec"});
    for (const Words& words : {Words{detach, "--setsid", "cmd"}, Words{detach, "--nohup", "cmd"},
                               Words{detach, "--autokill", "--json", "--print-pid", "cmd"}}) {
      INFO(as_line(words));
      CHECK(refusal(words).empty());
    }
  }
  check_refused({"-cf", "cmd"}, "--detach and --ctty contradict each other: ");
}

TEST_CASE("what becomes COMMAND can neither stay nor make a child") {
  const Pair pairs[] = {
      {{"--exec"}, {"--autoreap"}, "--exec and --autoreap"},
      {{"--exec"}, {"--autokill", "--nnp"}, "--exec and --autokill"},
      {{"--exec"}, {"--rewrite=TERM:INT"}, "--exec and --rewrite"},
      {{"--exec"}, {"--json"}, "--exec and --json"},
      {{"--exec"}, {"--status-fd", "5"}, "--exec and --status-fd"},
      {{"--exec"}, {"--status-file=f"}, "--exec and --status-file"},
      {{"--exec"}, {"--print-pid"}, "--exec and --print-pid"},
      {{"--exec"}, {"--notify=socket"}, "--exec and --notify"},
      {{"--exec"}, {"--notify=fd:5"}, "--exec and --notify"},
      {{"--exec"}, {"--ready-timeout=5", "--notify=socket"}, "--exec and --notify"},
      {{"--exec"}, {"--block-fd=0"}, "--exec and --block-fd"},
      {{"--exec"}, {"--cgroup=/c"}, "--exec and --cgroup"},
  };
  for (const Pair& pair : pairs) check_contradiction(pair);
  for (const Words& words :
       {Words{"--exec", "--ready-timeout=5", "cmd"}, Words{"--ready-timeout=5", "--exec", "cmd"}}) {
    INFO(as_line(words));
    CHECK_FALSE(refusal(words).empty());
  }
  CHECK(refusal({"--exec", "--nnp", "--nohup", "--log=f", "--truncate", "cmd"}).empty());
}

TEST_CASE("a controlling terminal and nohup go together only by another standard input") {
  CHECK_FALSE(refusal({"-c", "--nohup", "cmd"}).empty());
  CHECK(refusal({"-c", "--nohup", "--stdin=/dev/tty5", "cmd"}).empty());
}

TEST_CASE("a dry run prints what an exec could not and is no way round the rest") {
  CHECK(refusal({"--dry-run", "--exec", "--json", "cmd"}).empty());
  for (const std::string refused :
       {"--wait", "--status-fd=5", "--status-file=f", "--success-status=3", "--autoreap",
        "--block-fd=0", "--notify=socket", "--cgroup=/c"})
    for (const Words& words : {Words{"--dry-run", "--exec", refused, "cmd"},
                               Words{refused, "--exec", "--dry-run", "cmd"}})
      check_refused(words, "--exec and " + refused.substr(0, refused.find('=')) + " contradict");
}

TEST_CASE("options of reports that say the opposite are refused") {
  for (const std::string verbose : {"-v", "--verbose"})
    for (const std::string quiet : {"-q", "--quiet"})
      check_contradiction({{verbose}, {quiet}, "--verbose and --quiet"});
  check_contradiction({{"--features"}, {"--dry-run"}, "--features and --dry-run"});
}

TEST_CASE("output goes to one place only") {
  check_contradiction({{"--log=f"}, {"--stdout=g"}, "--log and --stdout"});
  check_contradiction({{"--log=f"}, {"--stderr=g"}, "--log and --stderr"});
  check_contradiction({{"--log=f"}, {"--stdout=f", "--stderr=f"}, "--log and --stdout"});
  CHECK(refusal({"--stdout=f", "--stderr=f", "--stdin=f", "cmd"}).empty());
  CHECK(refusal({"--log=f", "--stdin=g", "cmd"}).empty());
}

TEST_CASE("what is written whole has a file of its own") {
  const Pair pairs[] = {
      {{"--pidfile=f"}, {"--status-file=f"}, "--pidfile and --status-file"},
      {{"--pidfile=f"}, {"--log=f"}, "--pidfile and --log"},
      {{"--pidfile=f"}, {"--stdin=f"}, "--pidfile and --stdin"},
      {{"--pidfile=f"}, {"--stdout=f.tether"}, "--pidfile and --stdout"},
      {{"--status-file=f"}, {"--stderr=f"}, "--status-file and --stderr"},
      {{"--status-file=f"}, {"--stdin=f"}, "--status-file and --stdin"},
  };
  for (const Pair& pair : pairs) check_contradiction(pair);
  CHECK(refusal({"--status-file=/dev/null", "--log=/dev/null", "cmd"}).empty());
  CHECK(refusal({"--pidfile=f", "--status-file=g", "--log=h", "--stdin=h", "cmd"}).empty());
}

TEST_CASE("what is nothing without another option is refused without it") {
  check_refused({"--ready-timeout=inf", "-d", "cmd"}, "--ready-timeout needs --notify");
  check_refused({"--block-fd=0", "--ready-timeout=5", "cmd"}, "--ready-timeout needs --notify");
  const std::string truncate = "--truncate needs --stdout or --stderr or --log";
  check_refused({"--truncate", "--stdin=f", "cmd"}, truncate);
  check_refused({"--nohup", "--truncate", "cmd"}, truncate);
  for (const std::string output : {"--stdout=f", "--stderr=f", "--log=f"}) {
    CAPTURE(output);
    CHECK(refusal({"--truncate", output, "cmd"}).empty());
    CHECK(refusal({output, "--truncate", "cmd"}).empty());
  }
  for (const std::string notify : {"--notify=fd:5", "--notify=socket"})
    CHECK(refusal({"--ready-timeout=5", notify, "cmd"}).empty());
}

TEST_CASE("a descriptor that is kept is not also put to another use") {
  const Pair pairs[] = {
      {{"--keep-fd=0"}, {"--stdin=f"}, "--keep-fd=0 and --stdin"},
      {{"--keep-fd=1"}, {"--stdout=f"}, "--keep-fd=1 and --stdout"},
      {{"--keep-fd=2"}, {"--stderr=f"}, "--keep-fd=2 and --stderr"},
      {{"--keep-fd=1"}, {"--log=f"}, "--keep-fd=1 and --log"},
      {{"--keep-fd=2"}, {"--log=f"}, "--keep-fd=2 and --log"},
      {{"--keep-fd=3"}, {"--status-fd=3"}, "--keep-fd=3 and --status-fd=3"},
      {{"--keep-fd=4", "--keep-fd=05"}, {"--status-fd=5"}, "--keep-fd=5 and --status-fd=5"},
      {{"--keep-fd=5"}, {"--block-fd=5"}, "--keep-fd=5 and --block-fd=5"},
      {{"--keep-fd=5"}, {"--notify=fd:5"}, "--keep-fd=5 and --notify=fd:5"},
      {{"--keep-fd=0"}, {"--notify=fd:0"}, "--keep-fd=0 and --notify=fd:0"},
      {{"--keep-fd=1"}, {"--notify=fd:1"}, "--keep-fd=1 and --notify=fd:1"},
      {{"--keep-fd=1", "-d"}, {"--stdout=f"}, "--keep-fd=1 and --stdout"},
  };
  for (const Pair& pair : pairs) check_contradiction(pair);
  for (const Words& words :
       {Words{"--keep-fd=1", "--stdin=f", "--stderr=f", "cmd"},
        Words{"--keep-fd=0", "--log=f", "cmd"}, Words{"--keep-fd=5", "--notify=fd:6", "cmd"},
        Words{"--keep-fd=5", "--notify=fd:5", "--notify=socket", "cmd"},
        Words{"--keep-fd=5", "--status-fd=5", "--status-fd=6", "cmd"},
        // Of 0 to 2 COMMAND has the same as tether.
        Words{"--keep-fd=2", "--status-fd=2", "cmd"}, Words{"--keep-fd=0", "--block-fd=0", "cmd"},
        Words{"--keep-fd=0", "--keep-fd=1", "--keep-fd=2", "-d", "cmd"}}) {
    INFO(as_line(words));
    CHECK(refusal(words).empty());
  }
}

TEST_CASE("readiness is not said where COMMAND reads or writes something else") {
  const Pair pairs[] = {
      {{"--notify=fd:0"}, {"--stdin=f"}, "--notify=fd:0 and --stdin"},
      {{"--notify=fd:1"}, {"--stdout=f"}, "--notify=fd:1 and --stdout"},
      {{"--notify=fd:2"}, {"--stderr=f"}, "--notify=fd:2 and --stderr"},
      {{"--notify=fd:1"}, {"--log=f"}, "--notify=fd:1 and --log"},
      {{"--notify=fd:2"}, {"--log=f"}, "--notify=fd:2 and --log"},
      // COMMAND would be killed by what it writes there later.
      {{"--notify=fd:0"}, {"-d"}, "--notify=fd:0 and --detach"},
      {{"--notify=fd:1"}, {"-d", "-t5"}, "--notify=fd:1 and --detach"},
      {{"--notify=fd:2"}, {"--pidfd-fd=7"}, "--notify=fd:2 and --pidfd-fd"},
  };
  for (const Pair& pair : pairs) check_contradiction(pair);
  CHECK(refusal({"--notify=fd:3", "-d", "cmd"}).empty());
  CHECK(refusal({"--notify=fd:1", "--stdin=f", "--stderr=f", "cmd"}).empty());
  CHECK(refusal({"--notify=fd:3", "--log=f", "--stdin=g", "cmd"}).empty());
  // Above 2 COMMAND's descriptors are not tether's.
  CHECK(refusal({"--notify=fd:3", "--status-fd=3", "--block-fd=3", "cmd"}).empty());
  CHECK(refusal({"--notify=socket", "--log=f", "--stdin=g", "cmd"}).empty());
}

TEST_CASE("--stop takes what says whom and how to end and nothing else") {
  for (const OptionRow& row : option_table()) {
    const std::string_view name = row.name;
    if (name == "stop" || name == "pidfile") continue;
    const bool is_of_use = name == "signal" || name == "kill-after" || name == "verbose" ||
                           name == "quiet" || name == "help" || name == "version";
    const Words stop = {"--stop", "--pidfile=f"};
    for (const Words& words : {joined(stop, {word_for(row)}), joined({word_for(row)}, stop)}) {
      INFO(as_line(words));
      const std::string text = refusal(words);
      CHECK(text.empty() == is_of_use);
      if (!is_of_use) CHECK(text.find(std::string("--") + row.name) != std::string::npos);
      // Nor does it start anything when there is something to start.
      CHECK_FALSE(refusal(joined(words, {"cmd"})).empty());
    }
  }
}

TEST_CASE("--stop wants a pidfile and no COMMAND") {
  check_refused({"--stop", "cmd"}, "--stop needs --pidfile");
  check_refused({"--stop", "-sINT", "-k", "2"}, "--stop needs --pidfile");
  check_refused({"--pidfile=f", "--stop", "--", "cmd"}, "--stop takes no COMMAND");
  check_refused({"--stop", "--pidfile=f", "f"}, "--stop takes no COMMAND");
  CHECK(refusal({"--stop", "--pidfile=f"}).empty());
  CHECK(refusal({"--pidfile=f", "--stop", "--"}).empty());
  CHECK(refusal({"-vsINT", "--stop", "-k0", "--pidfile", "f"}).empty());
}

TEST_CASE("a COMMAND is wanted except where nothing is spawned") {
  for (const Words& words : {Words{}, Words{"--"}, Words{"--json"}, Words{"--dry-run"},
                             Words{"--exec", "--"}, Words{"-d"}, Words{"--env", "A=1"},
                             Words{"--pidfile=f"}, Words{"-f", "--notify=socket", "--"}}) {
    INFO(as_line(words));
    CHECK(refusal(words) == "no COMMAND given");
  }
  for (const Words& words : {Words{"--help"}, Words{"-h", "cmd"}, Words{"-V"}, Words{"--features"},
                             Words{"--version", "cmd"}, Words{"-d", "--help"}}) {
    INFO(as_line(words));
    CHECK(refusal(words).empty());
  }
}

}  // namespace tether
