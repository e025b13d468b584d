#include "sys/process_title.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace tether {
namespace {

// The end of the strings that lie one after the other from `end` on, as exec lays them out.
char* end_of_strings(char** strings, char* end) {
  for (; *strings != nullptr && *strings == end; ++strings) end += std::strlen(end) + 1;
  return end;
}

char** main_arguments = nullptr;
char** main_environment = nullptr;

}  // namespace

void remember_command_line(char** arguments, char** environment) {
  main_arguments = arguments;
  main_environment = environment;
}

void set_process_title(std::string_view title) {
  if (main_arguments == nullptr || *main_arguments == nullptr) return;
  // Found at the first call: the title overwrites the strings that it is found by.
  static char* const start = *main_arguments;
  static char* const end = end_of_strings(main_environment, end_of_strings(main_arguments, start));
  const auto room = static_cast<std::size_t>(end - start);
  ::clearenv();
  std::memset(start, 0, room);
  std::copy_n(title.data(), std::min(title.size(), room - 1), start);
}

}  // namespace tether
