// Where tether's own words end and COMMAND begins.
#include "cli/boundary.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

namespace tether {
namespace {

using Words = std::vector<std::string>;

Result<Boundary> scan(const Words& words) {
  std::vector<const char*> argv = {"tether"};
  for (const std::string& word : words) argv.push_back(word.c_str());
  argv.push_back(nullptr);
  return find_boundary(static_cast<int>(words.size()) + 1, argv.data());
}

// The options found, as "name" or "name=value@word".
Words options_of(const Boundary& boundary) {
  Words found;
  for (const NamedOption& option : boundary.options) {
    std::string text = option.row->name;
    if (option.row->takes_value()) text += "=" + option.value + "@" + std::to_string(option.word);
    found.push_back(text);
  }
  return found;
}

void check_refused(const Words& words, const std::string& detail) {
  CAPTURE(words);
  const Result<Boundary> found = scan(words);
  REQUIRE_FALSE(found.ok());
  CHECK(found.failure().stage == Stage::usage);
  CHECK(found.failure().error_number == 0);
  CHECK(found.failure().detail == detail);
  CHECK(found.failure().hint.find("try 'tether --help'") != std::string::npos);
}

bool hints_at(const std::string& word, const std::string& option) {
  const Result<Boundary> found = scan({word});
  REQUIRE_FALSE(found.ok());
  return found.failure().hint == "did you mean '--" + option + "'? try 'tether --help'";
}

}  // namespace

TEST_CASE("options end at the first word that is none or after two dashes") {
  struct Row {
    Words words;
    std::size_t command;  // index into argv
    std::size_t options;
  };
  const Row rows[] = {
      {{}, 1, 0},
      {{"--"}, 2, 0},
      {{"cmd"}, 1, 0},
      {{""}, 1, 0},
      {{"-"}, 1, 0},
      {{"-", "--json"}, 1, 0},
      {{"--", "cmd"}, 2, 0},
      {{"--", "--"}, 2, 0},
      {{"--", "--json"}, 2, 0},
      {{"--", "-"}, 2, 0},
      {{"--json"}, 2, 1},
      {{"--json", "--"}, 3, 1},
      {{"--json", "--", "--json"}, 3, 1},
      {{"--json", "cmd", "--quiet", "--", "-q"}, 2, 1},
      {{"cmd", "--", "--json"}, 1, 0},
      {{"--json", "", "--quiet"}, 2, 1},
      {{"--json", "-", "--quiet"}, 2, 1},
      {{"-q", "--json", "-w", "cmd", "-q"}, 4, 3},
      {{"A=1", "cmd"}, 1, 0},
      {{"+x"}, 1, 0},
      {{" --json"}, 1, 0},
      {{"\xE2\x80\x93json"}, 1, 0},
  };
  for (const Row& row : rows) {
    CAPTURE(row.words);
    const Result<Boundary> found = scan(row.words);
    REQUIRE(found.ok());
    CHECK(found.value().command == row.command);
    CHECK(found.value().options.size() == row.options);
  }
}

TEST_CASE("each way of writing an option is understood") {
  struct Row {
    Words words;
    Words options;
  };
  const Row rows[] = {
      {{"--umask=022", "cmd"}, {"umask=022@1"}},
      {{"--umask", "022", "cmd"}, {"umask=022@2"}},
      {{"-C/tmp", "cmd"}, {"chdir=/tmp@1"}},
      {{"-C", "/tmp", "cmd"}, {"chdir=/tmp@2"}},
      {{"-C=x", "cmd"}, {"chdir==x@1"}},
      {{"-qw", "cmd"}, {"quiet", "wait"}},
      {{"-qwC/tmp", "cmd"}, {"quiet", "wait", "chdir=/tmp@1"}},
      {{"-qwC", "/tmp", "cmd"}, {"quiet", "wait", "chdir=/tmp@2"}},
      {{"-Cq", "cmd"}, {"chdir=q@1"}},
      {{"--no-new-privs", "cmd"}, {"nnp"}},
      {{"--nnp", "cmd"}, {"nnp"}},
      {{"-q", "-q", "cmd"}, {"quiet", "quiet"}},
      {{"-d", "cmd"}, {"detach"}},
      {{"-f", "cmd"}, {"detach"}},
      {{"--detach", "cmd"}, {"detach"}},
      {{"--fork", "cmd"}, {"detach"}},
      {{"-df", "cmd"}, {"detach", "detach"}},
      {{"-dq", "cmd"}, {"detach", "quiet"}},
      {{"-qdc", "cmd"}, {"quiet", "detach", "ctty"}},
      {{"-c", "cmd"}, {"ctty"}},
      {{"-dsTERM", "cmd"}, {"detach", "signal=TERM@1"}},
      {{"-ds", "TERM", "cmd"}, {"detach", "signal=TERM@2"}},
      {{"-s9", "-k5", "cmd"}, {"signal=9@1", "kill-after=5@2"}},
      {{"-k", "1.5m", "cmd"}, {"kill-after=1.5m@2"}},
      // The first letter that takes a value takes all that follows.
      {{"-sdk5", "cmd"}, {"signal=dk5@1"}},
      {{"-ks", "cmd"}, {"kill-after=s@1"}},
      {{"-k=5", "cmd"}, {"kill-after==5@1"}},
      {{"-s", "-d", "cmd"}, {"signal=-d@2"}},
      {{"-fk", "--", "cmd"}, {"detach", "kill-after=--@2"}},
      {{"--stop", "--pidfile", "f", "cmd"}, {"stop", "pidfile=f@3"}},
  };
  for (const Row& row : rows) {
    CAPTURE(row.words);
    const Result<Boundary> found = scan(row.words);
    REQUIRE(found.ok());
    CHECK(options_of(found.value()) == row.options);
    CHECK(found.value().command == row.words.size());
  }
}

TEST_CASE("a value is taken as it is whatever it looks like") {
  for (const std::string value : {"", "-", "--", "--json", "-q", "[a,b]", "a=b", "=", " ", "cmd"}) {
    CAPTURE(value);
    const Result<Boundary> apart = scan({"--env", value, "cmd"});
    REQUIRE(apart.ok());
    CHECK(options_of(apart.value()) == Words{"env=" + value + "@2"});
    CHECK(apart.value().command == 3);
    const Result<Boundary> joined = scan({"--env=" + value, "cmd"});
    REQUIRE(joined.ok());
    CHECK(options_of(joined.value()) == Words{"env=" + value + "@1"});
    CHECK(joined.value().command == 2);
  }
}

TEST_CASE("options are found in the order given") {
  const Result<Boundary> found =
      scan({"--env=A=1", "--unset-env", "B", "--env", "C=3", "-q", "cmd"});
  REQUIRE(found.ok());
  CHECK(options_of(found.value()) == Words{"env=A=1@1", "unset-env=B@3", "env=C=3@5", "quiet"});
}

TEST_CASE("what is no option of ours is refused by name") {
  check_refused({"--=1", "cmd"}, "unknown option '--'");
  check_refused({"---", "cmd"}, "unknown option '---'");
  check_refused({"-5", "cmd"}, "unknown option '-5'");
  check_refused({"-\xC3\xA9", "cmd"}, "unknown option '-\xC3\xA9'");
  check_refused({"--JSON", "cmd"}, "unknown option '--JSON'");
  check_refused({"--json", "--nosuch", "cmd"}, "unknown option '--nosuch'");
  check_refused({"-dZ", "cmd"}, "unknown option '-Z' in '-dZ'");
  check_refused({"-detach", "cmd"}, "unknown option '-detach'");
  check_refused({"-D", "cmd"}, "unknown option '-D'");
  check_refused({"-K5", "cmd"}, "unknown option '-K' in '-K5'");
}

TEST_CASE("an abbreviation is no option") {
  check_refused({"--jso", "cmd"}, "unknown option '--jso'");
  check_refused({"--status", "cmd"}, "unknown option '--status'");
  check_refused({"--no-new-priv", "cmd"}, "unknown option '--no-new-priv'");
  check_refused({"--det", "cmd"}, "unknown option '--det'");
  check_refused({"--std=f", "cmd"}, "unknown option '--std'");
  check_refused({"--kill=5", "cmd"}, "unknown option '--kill'");
}

TEST_CASE("a flag takes no value and not even an empty one") {
  check_refused({"--json=", "cmd"}, "option '--json' takes no value");
  check_refused({"--json=yes", "cmd"}, "option '--json' takes no value");
  check_refused({"--no-new-privs=1", "cmd"}, "option '--no-new-privs' takes no value");
  check_refused({"--detach=", "cmd"}, "option '--detach' takes no value");
  check_refused({"--fork=yes", "cmd"}, "option '--fork' takes no value");
  check_refused({"--stop=f"}, "option '--stop' takes no value");
}

TEST_CASE("an option that lacks its value is refused") {
  check_refused({"--env"}, "option '--env' needs a value: NAME=VALUE");
  check_refused({"-qC"}, "option '-C' needs a value: DIR");
  check_refused({"-s"}, "option '-s' needs a value: SIG");
  check_refused({"-dk"}, "option '-k' needs a value: DURATION");
  check_refused({"--pidfile"}, "option '--pidfile' needs a value: FILE");
}

TEST_CASE("the first fault on the command line is the one named") {
  check_refused({"--first", "--second"}, "unknown option '--first'");
  check_refused({"--json=1", "--nosuch"}, "option '--json' takes no value");
}

TEST_CASE("words of COMMAND are never judged") {
  for (const std::string word : {"--nosuch", "-Z", "--json=", "--umask", "-C", "-s", "-dk"}) {
    CAPTURE(word);
    const Result<Boundary> found = scan({"cmd", word});
    REQUIRE(found.ok());
    CHECK(found.value().command == 1);
    CHECK(found.value().options.empty());
  }
}

TEST_CASE("the hint names the nearest option") {
  CHECK(hints_at("--jsno", "json"));
  CHECK(hints_at("--Quiet", "quiet"));
  CHECK(hints_at("--chdir-", "chdir"));
  CHECK(hints_at("--unset_env=X", "unset-env"));
  CHECK(hints_at("-json", "json"));
  CHECK(hints_at("--detatch", "detach"));
  CHECK(hints_at("-detach", "detach"));
  CHECK(hints_at("--pid-file=f", "pidfile"));
  CHECK(hints_at("--kill_after=5", "kill-after"));
  CHECK(hints_at("--ready-time=5", "ready-timeout"));
}

TEST_CASE("the hint knows an option by its second name too") {
  // Either name will do: they are one option.
  CHECK((hints_at("--no-new-priv", "no-new-privs") || hints_at("--no-new-priv", "nnp")));
  CHECK((hints_at("--no_new_privs", "no-new-privs") || hints_at("--no_new_privs", "nnp")));
  CHECK((hints_at("--forks", "fork") || hints_at("--forks", "detach")));
}

TEST_CASE("the hint names the tool for what tether has no option for") {
  const auto hint = [](const std::string& word) { return scan({word}).failure().hint; };
  CHECK(hint("--user=www") ==
        "run COMMAND by 'setpriv --reuid=USER --regid=GROUP --init-groups'; try 'tether --help'");
  CHECK(hint("--status").find("kill -0 PID") != std::string::npos);
  CHECK(hint("--reload").find("kill -HUP PID") != std::string::npos);
  CHECK(hint("--send=HUP").find("kill -SIG PID") != std::string::npos);
}

TEST_CASE("nothing is hinted at where no option comes near") {
  for (const std::string word : {"--xxxxxxxxxxxx", "-Z", "---", "--=", "--1234"}) {
    CAPTURE(word);
    const Result<Boundary> found = scan({word});
    REQUIRE_FALSE(found.ok());
    CHECK(found.failure().hint == "try 'tether --help'");
  }
}

TEST_CASE("every option of the table is found by each of its names") {
  for (const OptionRow& row : option_table()) {
    CAPTURE(row.name);
    CHECK(find_option(std::string_view(row.name)) == &row);
    if (row.other_name != nullptr) CHECK(find_option(std::string_view(row.other_name)) == &row);
    for (const char* letter = row.letters; *letter != 0; ++letter)
      CHECK(find_option(*letter) == &row);
  }
  CHECK(find_option(std::string_view()) == nullptr);
  CHECK(find_option('\0') == nullptr);
}

TEST_CASE("an empty argv has neither options nor COMMAND") {
  const char* const nothing[] = {nullptr};
  const Result<Boundary> found = find_boundary(0, nothing);
  REQUIRE(found.ok());
  CHECK(found.value().options.empty());
  CHECK(found.value().command == 0);
}

}  // namespace tether
