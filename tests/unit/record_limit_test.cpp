// No record is longer than a pipe takes whole, whatever COMMAND and the paths look like; and what
// is cut is cut as late as can be, and said to be.
#include <doctest/doctest.h>

#include <cerrno>
#include <climits>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "report/records.hpp"

namespace tether {
namespace {

using Json = nlohmann::json;
using Words = std::vector<std::string>;

// One of each kind of character that JSON writes differently, and what is no character.
const Words units = {
    "a",    "\x01",    "\"", "\\", "\n", "\x7F", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80",
    "\xFF", "\xE2\x82"};

std::string repeat(const std::string& unit, std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += unit;
  return text;
}

std::vector<char*> argv_of(Words& words) {
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  return argv;
}

// With all other fields as long as they get.
std::string start_line(Words words, bool is_held_at_gate = false) {
  const std::vector<char*> argv = argv_of(words);
  StartRecord start;
  start.is_held_at_gate = is_held_at_gate;
  start.pid = INT_MAX;
  start.command = argv.data();
  start.started_at = {1795179600, 999999999};
  start.pidfs_inode = std::numeric_limits<std::uint64_t>::max();
  start.supervisor_pid = INT_MAX;
  start.guarantees = {Means::kernel, Means::pdeathsig, Means::kernel, Means::pdeathsig};
  return to_line(start);
}

std::string dry_run_line(Words words, const std::string& located) {
  const std::vector<char*> argv = argv_of(words);
  const Means k = Means::kernel;
  return to_line(DryRunRecord{argv.data(),
                              located,
                              "clone3",
                              {"CLONE_AUTOREAP", "CLONE_NNP", "CLONE_PIDFD", "CLONE_PIDFD_AUTOKILL",
                               "CLONE_VFORK", "CLONE_VM"},
                              {k, k, k, k}});
}

// What a reader is shown of `text`: bytes that are no UTF-8 are replaced.
std::string shown(const std::string& text) {
  return Json::parse(Json(text).dump(-1, ' ', false, Json::error_handler_t::replace));
}

bool begins_with(const std::string& text, const std::string& start) {
  return text.compare(0, start.size(), start) == 0;
}

Json check_is_one_line(const std::string& line) {
  CHECK(line.size() <= record_limit);
  CHECK(line.find('\n') == line.size() - 1);
  REQUIRE(Json::accept(line));
  return Json::parse(line);
}

// The record holds `words` from the first on, whole but for the last, and says if that is not all.
bool check_command(const std::string& line, const Words& words) {
  const Json record = check_is_one_line(line);
  const Words held = record.at("command");
  REQUIRE(held.size() <= words.size());
  for (std::size_t i = 0; i + 1 < held.size(); ++i) CHECK(held[i] == shown(words[i]));
  bool all = held.size() == words.size();
  if (!held.empty()) {
    const std::string last = shown(words[held.size() - 1]);
    CHECK(begins_with(last, held.back()));
    all = all && held.back() == last;
  }
  CHECK(record.contains("command_truncated") == !all);
  if (!all) CHECK(record.at("command_truncated") == true);
  return all;
}

// Cut, and not earlier than a character or two before the limit.
void check_cut(const std::string& line, const Words& words) {
  CHECK_FALSE(check_command(line, words));
  CHECK(line.size() > record_limit - 16);
}

}  // namespace

TEST_CASE("a command of one long word is cut between characters wherever the limit falls") {
  for (const std::string& unit : units)
    for (std::size_t shift = 0; shift < 8; ++shift) {
      CAPTURE(unit);
      CAPTURE(shift);
      const Words words = {repeat("a", shift) + repeat(unit, 4000), "next"};
      check_cut(start_line(words), words);
      check_cut(start_line(words, true), words);
      check_cut(dry_run_line(words, "/usr/bin/x"), words);
    }
}

TEST_CASE("a command is cut in a later word as in the first") {
  for (const std::string& unit : units)
    for (std::size_t before = 3500; before < 3800; before += 7) {
      CAPTURE(unit);
      CAPTURE(before);
      const Words words = {"cmd", repeat("a", before), repeat(unit, 1000), "next"};
      (void)check_command(start_line(words), words);
    }
}

TEST_CASE("near the limit a record is never too long and never silent about a cut") {
  const std::size_t rest = start_line({""}).size();
  for (const std::string& unit : units) {
    const std::size_t each = Json(shown(unit)).dump().size() - 2;
    const std::size_t fitting = (record_limit - rest) / each;
    std::size_t whole = 0;
    std::size_t cut = 0;
    for (std::size_t count = fitting - 30; count < fitting + 8; ++count) {
      CAPTURE(unit);
      CAPTURE(count);
      const Words words = {repeat(unit, count)};
      ++(check_command(start_line(words), words) ? whole : cut);
    }
    CHECK(whole > 0);
    CHECK(cut > 0);
  }
}

TEST_CASE("a command that fits to the last byte is not cut") {
  const std::size_t room = record_limit - start_line({""}).size();
  const std::string fitting = start_line({std::string(room, 'a')});
  CHECK(fitting.size() == record_limit);
  CHECK_FALSE(Json::parse(fitting).contains("command_truncated"));
  const Words longer = {std::string(room + 1, 'a')};
  check_cut(start_line(longer), longer);
}

TEST_CASE("thousands of tiny words are cut after the last that fits") {
  for (const std::string word : {"", "a", "\x01", "\xE2\x82\xAC"})
    for (std::size_t shift = 0; shift < 12; ++shift) {
      CAPTURE(word);
      CAPTURE(shift);
      Words words(5000, word);
      words.front() = repeat("x", shift);
      check_cut(start_line(words), words);
    }
}

TEST_CASE("the longest word that exec takes is cut") {
  // MAX_ARG_STRLEN, execve(2).
  for (const std::string& unit : units) {
    const Words words = {repeat(unit, 131071 / unit.size())};
    CAPTURE(unit);
    check_cut(start_line(words), words);
  }
}

TEST_CASE("a long word of bytes that begin no character is cut and not lost") {
  const Words words = {std::string(5000, '\x80')};
  check_cut(start_line(words), words);
}

TEST_CASE("a dry run with a long path keeps to the limit") {
  for (const std::string& unit : units) {
    CAPTURE(unit);
    const std::string located = "/" + repeat(unit, (PATH_MAX - 2) / unit.size());
    const Words words = {located, repeat(unit, 4000)};
    const std::string line = dry_run_line(words, located);
    (void)check_command(line, words);
    CHECK(begins_with(shown(located), Json::parse(line).at("path")));
  }
}

TEST_CASE("records with the longest path of a cgroup keep to the limit") {
  for (const std::string& unit : units) {
    CAPTURE(unit);
    const std::string path = "/" + repeat(unit, (PATH_MAX - 2) / unit.size());
    Words words = {repeat(unit, 4000)};
    const std::vector<char*> argv = argv_of(words);
    DryRunRecord dry_run{argv.data(), path, "clone3", {}, {}};
    dry_run.flags = {"CLONE_PIDFD",      "CLONE_VM",  "CLONE_VFORK",
                     "CLONE_AUTOREAP",   "CLONE_NNP", "CLONE_PIDFD_AUTOKILL",
                     "CLONE_INTO_CGROUP"};
    dry_run.held_by = HeldBy::keeper;
    dry_run.cgroup = path;
    (void)check_command(to_line(dry_run), words);
    CHECK(begins_with(shown(path), Json::parse(to_line(dry_run)).at("cgroup")));
    ExitRecord exit;
    exit.cgroup = CgroupRecord{path, std::numeric_limits<std::uint64_t>::max(), 4194304};
    CHECK(begins_with(shown(path), check_is_one_line(to_line(exit)).at("cgroup")));
  }
}

TEST_CASE("features with the longest names keep to the limit") {
  for (const std::string& unit : units) {
    CAPTURE(unit);
    FeaturesRecord features;
    features.kernel = std::string(64, 'x');
    features.around.emplace();
    const std::string text = "/" + repeat(unit, (PATH_MAX - 2) / unit.size());
    features.around->machine = std::string(64, 'x');
    features.around->sandbox.container = text;
    features.around->sandbox.confined_by = text;
    features.around->capabilities = {"CAP_SYS_ADMIN", "CAP_KILL", "CAP_SETFCAP"};
    features.around->why_no_pid_namespace = text;
    features.around->cgroup.directory = text;
    features.around->cgroup.why_not = text;
    features.around->trees = {Means::subreaper, Means::cgroup, Means::pid_namespace};
    const Json record = check_is_one_line(to_line(features));
    CHECK(begins_with(shown(text), record.at("cgroup").at("directory")));
  }
}

TEST_CASE("an error with the longest paths keeps to the limit") {
  for (const std::string& unit : units)
    for (const Stage stage :
         {Stage::exec, Stage::directory, Stage::record, Stage::input, Stage::output})
      for (std::size_t shift = 0; shift < 8; ++shift) {
        CAPTURE(unit);
        CAPTURE(shift);
        const std::string path =
            "/" + repeat("a", shift) + repeat(unit, (PATH_MAX - 2 - shift) / unit.size());
        const std::string line = error_line({stage, ENAMETOOLONG, path, path, {}});
        const Json record = check_is_one_line(line);
        const std::string held = record.at("path");
        CHECK(begins_with(shown(path), held));
        CHECK(Json(held).dump().size() > 1000);
        CHECK(begins_with(record.at("message"), stage == Stage::exec        ? "cannot run '/"
                                                : stage == Stage::record    ? "cannot write '/"
                                                : stage == Stage::directory ? "cannot change dir"
                                                                            : "cannot open '/"));
        CHECK(record.at("exit_status") == (stage == Stage::exec ? 126 : 125));
      }
}

TEST_CASE("an error with a long command and a long interpreter keeps to the limit") {
  for (const std::string& unit : units) {
    CAPTURE(unit);
    const std::string path = "/" + repeat(unit, (PATH_MAX - 2) / unit.size());
    const Json record =
        check_is_one_line(error_line({Stage::exec, ENOENT, path + "i", path + "c", {}}));
    CHECK(record.at("exit_status") == 126);
  }
}

TEST_CASE("an error with the longest file name in control characters is whole") {
  const std::string name = "/" + repeat("\x01", NAME_MAX);
  const Json record = check_is_one_line(error_line({Stage::exec, EACCES, name, name, {}}));
  CHECK(record.at("path") == name);
  CHECK(record.at("message") == "cannot run '" + name + "': Permission denied");
}

TEST_CASE("a usage error about a huge word keeps to the limit") {
  for (const std::string& unit : units) {
    CAPTURE(unit);
    const std::string detail = "unknown option '--" + repeat(unit, 130000 / unit.size()) + "'";
    const Json record = check_is_one_line(error_line({Stage::usage, 0, {}, detail, {}}));
    CHECK(begins_with(shown(detail), record.at("message")));
    CHECK(record.at("path").is_null());
  }
}

TEST_CASE("an error about a pidfile with the longest path keeps to the limit") {
  for (const std::string& unit : units) {
    CAPTURE(unit);
    const std::string path = "/" + repeat(unit, (PATH_MAX - 2) / unit.size());
    const Json record = check_is_one_line(error_line({Stage::pidfile, EPERM, path, path, {}}));
    CHECK(begins_with(shown(path), record.at("path")));
    CHECK(begins_with(record.at("message"), "cannot use pidfile '/"));
  }
}

TEST_CASE("a ready record with a huge status keeps to the limit") {
  for (const std::string& unit : units)
    for (std::size_t shift = 0; shift < 8; ++shift) {
      CAPTURE(unit);
      CAPTURE(shift);
      const std::string status = repeat("a", shift) + repeat(unit, 8000 / unit.size());
      const Json record =
          check_is_one_line(to_line(ReadyRecord{INT_MAX, 9223372036854.775807, status}));
      CHECK(begins_with(shown(status), record.at("status")));
      CHECK(record.at("status").dump().size() > 1000);
    }
}

TEST_CASE("a status of the usual length is whole") {
  for (const std::string& unit : {units[0], units[6], units[8]}) {
    const std::string status = repeat(unit, 1000 / unit.size());
    const Json record = check_is_one_line(to_line(ReadyRecord{7, 0.5, status}));
    CHECK(record.at("status") == status);
  }
}

TEST_CASE("an error about a service with much to say of itself keeps to the limit") {
  for (const std::string& unit : units) {
    CAPTURE(unit);
    Failure failure{Stage::ready, ENOSPC, {}, "'" + repeat(unit, 130000 / unit.size()), {}, 124};
    const Json record = check_is_one_line(error_line(failure));
    CHECK(begins_with(shown(failure.detail), record.at("message")));
    CHECK(record.at("exit_status") == 124);
  }
}

}  // namespace tether
