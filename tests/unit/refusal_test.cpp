// What a command line may not say, and in which words it is refused.
#include <doctest/doctest.h>

#include <string>

#include "cli/option_table.hpp"
#include "command_lines.hpp"

namespace tether {

TEST_CASE("a value that means nothing is refused in the words of its option") {
  CHECK(refusal({"--umask=8", "cmd"}) ==
        "option '--umask' wants an octal mode from 0 to 777, not '8'");
  CHECK(refusal({"--keep-fd=-1", "cmd"}) ==
        "option '--keep-fd' wants a descriptor's number, not '-1'");
  CHECK(refusal({"--keep-fd", "x", "cmd"}) ==
        "option '--keep-fd' wants a descriptor's number, not 'x'");
  CHECK(refusal({"--status-fd=2147483648", "cmd"}) ==
        "option '--status-fd' wants a descriptor's number, not '2147483648'");
  CHECK(refusal({"--success-status=256", "cmd"}) ==
        "option '--success-status' wants an exit status from 0 to 255, not '256'");
  const std::string duration = " wants a duration such as 1.5, 200ms, 30s, 5m, 2h, 1d or inf, not ";
  CHECK(refusal({"-k5x", "cmd"}) == "option '--kill-after'" + duration + "'5x'");
  CHECK(refusal({"--ready-timeout=-1", "--notify=socket", "cmd"}) ==
        "option '--ready-timeout'" + duration + "'-1'");
  CHECK(refusal({"-stop", "cmd"}) ==
        "option '--signal' wants a signal's name or number, not 'top'");
  CHECK(refusal({"--signal=65", "cmd"}) ==
        "option '--signal' wants a signal's name or number, not '65'");
  CHECK(refusal({"--notify=fd", "cmd"}) == "option '--notify' wants fd:N or socket, not 'fd'");
  CHECK(refusal({"--block-fd=-1", "cmd"}) ==
        "option '--block-fd' wants a descriptor's number, not '-1'");
  CHECK(refusal({"--env=A", "cmd"}) == "option '--env' wants NAME=VALUE, not 'A'");
  CHECK(refusal({"--env==1", "cmd"}) == "option '--env' wants NAME=VALUE, not '=1'");
  CHECK(refusal({"--unset-env=A=1", "cmd"}) ==
        "option '--unset-env' wants a variable's name, not 'A=1'");
}

TEST_CASE("a bad value is refused even if a good one follows") {
  CHECK(refusal({"--umask=9", "--umask=022", "cmd"}).find("not '9'") != std::string::npos);
  CHECK(refusal({"--chdir=", "--chdir=/", "cmd"}).find("wants a directory") != std::string::npos);
  CHECK(refusal({"--keep-fd=x", "--keep-fd=3", "cmd"}).find("not 'x'") != std::string::npos);
}

TEST_CASE("an empty value is refused and never takes the next word") {
  for (const OptionRow& row : option_table()) {
    if (!row.takes_value()) continue;
    const std::string option = row.name;
    CAPTURE(option);
    const std::string wanted = "option '--" + option + "' wants ";
    for (const Words& words :
         {Words{"--" + option + "=", "3", "cmd"}, Words{"--" + option, "", "3", "cmd"}}) {
      const std::string text = refusal(words);
      CHECK(text.substr(0, wanted.size()) == wanted);
      CHECK(text.substr(text.size() - 8) == ", not ''");
    }
  }
}

TEST_CASE("options that contradict each other are refused when all are read") {
  CHECK(refusal({"--exec", "--json", "cmd"}) ==
        "--exec and --json contradict each other: nobody stays to do it");
  CHECK(refusal({"-dc", "cmd"}) ==
        "--detach and --ctty contradict each other: a detached child has no controlling terminal");
  CHECK(refusal({"--keep-fd=5", "--status-fd=5", "cmd"}) ==
        "--keep-fd=5 and --status-fd=5 contradict each other: COMMAND cannot have both");
  CHECK(refusal({"--stop", "--pidfile=f", "cmd"}) == "--stop takes no COMMAND");
  CHECK(refusal({"--json"}) == "no COMMAND given");
  // A value that means nothing comes before what cannot stand together.
  CHECK(refusal({"--exec", "--status-fd=x", "cmd"}).find("not 'x'") != std::string::npos);
}

}  // namespace tether
