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
