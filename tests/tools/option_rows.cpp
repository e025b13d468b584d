// option-rows - the option table as text, a row a line, for what is made from it or checked against
// it: NAME, OTHER NAME, LETTERS, VALUE NAME, GROUP and HELP, with a tab between them.
#include <cstdio>

#include "cli/option_table.hpp"

int main() {
  for (const tether::OptionRow& row : tether::option_table())
    (void)std::printf("%s\t%s\t%s\t%s\t%s\t%s\n", row.name,
                      row.other_name != nullptr ? row.other_name : "", row.letters,
                      row.value_name != nullptr ? row.value_name : "", row.group, row.help);
  return 0;
}
