// option-rows - the option table as text, a row a line, for what is made from it or checked against
// it: NAME, OTHER NAME, LETTERS, VALUE NAME, GROUP and HELP, with a tab between them.
// `option-rows contradictions`: the pairs of options that cannot stand together.
#include <cstdio>
#include <string_view>

#include "cli/consistency.hpp"
#include "cli/option_table.hpp"

int main(int argc, char** argv) {
  if (argc == 2 && argv[1] == std::string_view("contradictions")) {
    for (const tether::Contradiction& row : tether::contradiction_table())
      for (const char* other : row.others) (void)std::printf("%s\t%s\n", row.one.data(), other);
    return 0;
  }
  for (const tether::OptionRow& row : tether::option_table())
    (void)std::printf("%s\t%s\t%s\t%s\t%s\t%s\n", row.name,
                      row.other_name != nullptr ? row.other_name : "", row.letters,
                      row.value_name != nullptr ? row.value_name : "", row.group, row.help);
  return 0;
}
