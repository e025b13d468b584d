// Which fault of a command line is told first. The words of each, with its hint, are in
// behaviour/reporting/error_path_test.
#include <doctest/doctest.h>

#include <string>

#include "cli/option_table.hpp"
#include "command_lines.hpp"

namespace tether {

TEST_CASE("a bad value is refused even if a good one follows") {
  CHECK(refusal({"--umask=9", "--umask=022", "cmd"}).find("not '9'") != std::string::npos);
  CHECK(refusal({"--chdir=", "--chdir=/", "cmd"}).find("wants a directory") != std::string::npos);
  CHECK(refusal({"--keep-fd=x", "--keep-fd=3", "cmd"}).find("not 'x'") != std::string::npos);
}

TEST_CASE("a bad value comes before what cannot stand together") {
  CHECK(refusal({"--exec", "--status-fd=x", "cmd"}).find("not 'x'") != std::string::npos);
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

}  // namespace tether
