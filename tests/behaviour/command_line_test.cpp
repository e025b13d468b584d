// What reaches COMMAND, and what is refused before anything runs.
#include <doctest/doctest.h>

#include "harness.hpp"

using namespace tether::test;

namespace {

std::string hexadecimal(const std::string& text) {
  std::string result;
  for (const char c : text) {
    char digits[3];
    (void)std::snprintf(digits, sizeof digits, "%02x", static_cast<unsigned char>(c));
    result += digits;
  }
  return result;
}

// What COMMAND must say it was given.
std::string lines_of(const Words& words) {
  std::string lines;
  for (const std::string& word : words) lines += hexadecimal(word) + "\n";
  return lines;
}

void check_refused(const Words& words, const std::string& first_line) {
  CAPTURE(words);
  const Finished finished = run(words);
  CHECK(finished.exit_code == 125);
  CHECK(finished.first_error_line() == "tether: " + first_line);
  CHECK(finished.out.empty());
}

}  // namespace

TEST_CASE("every byte value reaches COMMAND") {
  std::string all;
  for (int byte = 1; byte < 256; ++byte) all += static_cast<char>(byte);
  Words words{all};
  for (int byte = 1; byte < 256; ++byte) words.push_back(std::string(1, static_cast<char>(byte)));
  CHECK(run(probe("args", words)).out == lines_of(words));
  CHECK(run(Words{"--nnp", "--"} + probe("args", words)).out == lines_of(words));
}

TEST_CASE("words that parser libraries stumble over reach COMMAND") {
  const Words traps{"[a,b]",    "[]",        "[[a],[b]]", "{}",     "",       "--",
                    "-",        "--env=X=1", "--env",     "-f",     "--json", "--help",
                    "-h",       "-V",        "--nosuch",  "--opt=", "a,b",    "\"quoted\"",
                    "'single'", "`x`",       "%%",        "\\n",    "a=b",    "--wait=",
                    "=",        " ",         "\t",        "@file",  "++"};
  for (const Words& ours : {Words{}, Words{"--"}, Words{"--env=A=1"}, Words{"--env", "A=1", "--"},
                            Words{"--keep-fd", "1"}, Words{"-q", "-w"}, Words{"-C", "/"}}) {
    CAPTURE(ours);
    CHECK(run(ours + probe("args", traps)).out == lines_of(traps));
  }
}

TEST_CASE("option values arrive byte for byte") {
  for (const std::string value :
       {"[a,b]", "", "--json", "a b", "=", "[]", "\"x\"", "x\ny", "-", "%s"}) {
    CAPTURE(value);
    const std::string entry = "TETHER_TEST=" + value;
    for (const Words& ours : {Words{"--env=" + entry}, Words{"--env", entry}}) {
      const Finished finished = run(Words{"--clear-env"} + ours + probe("env"));
      CHECK(finished.out == entry + "\n");
    }
  }
}

TEST_CASE("a word that looks like nothing of ours is COMMAND") {
  CHECK(run({"-"}).exit_code == 127);
  CHECK(run({"--", "--json"}).exit_code == 127);
  CHECK(run({"--", "--", "x"}).exit_code == 127);
  CHECK(run({""}).exit_code == 127);
}

TEST_CASE("bad command lines are refused in one line") {
  check_refused({}, "no COMMAND given");
  check_refused({"--"}, "no COMMAND given");
  check_refused({"--nnp"}, "no COMMAND given");
  check_refused({"--nosuch", "true"}, "unknown option '--nosuch'");
  check_refused({"--nosuch=5", "true"}, "unknown option '--nosuch'");
  check_refused({"-Z", "true"}, "unknown option '-Z'");
  check_refused({"-vZ", "true"}, "unknown option '-Z' in '-vZ'");
  check_refused({"--auto", "true"}, "unknown option '--auto'");
  check_refused({"--nnp=", "true"}, "option '--nnp' takes no value");
  check_refused({"--nnp=yes", "true"}, "option '--nnp' takes no value");
  check_refused({"--umask"}, "option '--umask' needs a value: MODE");
  check_refused({"-C"}, "option '-C' needs a value: DIR");
  check_refused({"--umask=8", "true"},
                "option '--umask' wants an octal mode from 0 to 777, not '8'");
  check_refused({"--umask=", "true"}, "option '--umask' wants an octal mode from 0 to 777, not ''");
  check_refused({"--umask=-1", "true"},
                "option '--umask' wants an octal mode from 0 to 777, not '-1'");
  check_refused({"--env=X", "true"}, "option '--env' wants NAME=VALUE, not 'X'");
  check_refused({"--env==X", "true"}, "option '--env' wants NAME=VALUE, not '=X'");
  check_refused({"--unset-env=A=B", "true"},
                "option '--unset-env' wants a variable's name, not 'A=B'");
  check_refused({"--keep-fd=x", "true"}, "option '--keep-fd' wants a descriptor's number, not 'x'");
  check_refused({"--keep-fd=99999999999", "true"},
                "option '--keep-fd' wants a descriptor's number, not '99999999999'");
  check_refused({"--success-status=256", "true"},
                "option '--success-status' wants an exit status from 0 to 255, not '256'");
  check_refused({"--cgroup=", "true"}, "option '--cgroup' wants a directory of cgroup v2, not ''");
  check_refused({"--chdir=", "true"}, "option '--chdir' wants a directory, not ''");
  check_refused({"--status-file=", "true"}, "option '--status-file' wants a file, not ''");
}

TEST_CASE("an unknown option names the nearest known one") {
  CHECK(run({"--autokil", "true"}).err.find("hint: did you mean '--autokill'?") !=
        std::string::npos);
  CHECK(run({"--statusfile=x", "true"}).err.find("'--status-file'") != std::string::npos);
  CHECK(run({"--zzzzzzzzzzzz", "true"}).err.find("did you mean") == std::string::npos);
}

TEST_CASE("contradictions are refused by name") {
  check_refused({"--exec", "--wait", "true"},
                "--exec and --wait contradict each other: one becomes COMMAND, the other stays");
  check_refused({"--exec", "--autokill", "--nnp", "true"},
                "--exec and --autokill contradict each other: there is no child");
  check_refused({"--exec", "--autoreap", "true"},
                "--exec and --autoreap contradict each other: there is no child");
  for (const std::string option : {"json", "status-fd=2", "status-file=x", "success-status=1"}) {
    const std::string name = option.substr(0, option.find('='));
    check_refused({"--exec", "--" + option, "true"},
                  "--exec and --" + name + " contradict each other: nobody stays to do it");
  }
  check_refused({"-v", "-q", "true"},
                "--verbose and --quiet contradict each other: one says more, the other less");
  check_refused({"--features", "true"}, "--features takes no COMMAND");
}

TEST_CASE("short options stand alone and in clusters with their value attached or after") {
  for (const Words& ours :
       {Words{"-qw", "-C/"}, Words{"-wqC/"}, Words{"-wqC", "/"}, Words{"-C", "/"}}) {
    CAPTURE(ours);
    const Finished finished = run(ours + probe("identity"));
    CHECK(finished.out.find("cwd /\n") != std::string::npos);
  }
}

TEST_CASE("the last of two equal options wins") {
  const Finished finished = run(Words{"--umask=077", "--umask=022"} + probe("identity"));
  CHECK(finished.out.find("umask 022\n") != std::string::npos);
}

TEST_CASE("help and version go to standard output") {
  for (const std::string option : {"--help", "-h"}) {
    const Finished finished = run({option});
    CHECK(finished.exit_code == 0);
    CHECK(finished.out.rfind("Usage: tether [OPTION]... [--] COMMAND [ARG]...\n", 0) == 0);
    CHECK(finished.err.empty());
  }
  for (const std::string option : {"--version", "-V"}) {
    const Finished finished = run({option});
    CHECK(finished.exit_code == 0);
    CHECK(finished.out.rfind("tether ", 0) == 0);
  }
}

TEST_CASE("values of env do not stay in the command line that everybody can read") {
  Running running(Words{"--env=SECRET=hunter2", "--env", "OTHER=hunter3", "--print-pid"} +
                  probe("sleep"));
  running.expect_output("ready");
  const std::string command_line = read_file("/proc/" + std::to_string(running.pid()) + "/cmdline");
  CHECK(command_line.find("hunter") == std::string::npos);
  CHECK(command_line.find("--env=SECRET=xxxxxxx") != std::string::npos);
  CHECK(command_line.find("OTHER=xxxxxxx") != std::string::npos);
  const std::string environment =
      read_file("/proc/" + std::to_string(running.child()) + "/environ");
  CHECK(environment.find("SECRET=hunter2") != std::string::npos);
}
