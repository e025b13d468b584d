#include "sys/process_stat.hpp"

#include <fmt/format.h>

#include "numbers.hpp"
#include "sys/small_files.hpp"
#include "sys/words.hpp"

namespace tether {

std::optional<ProcessStat> parse_process_stat(std::string_view line) {
  // The name in field 2 may hold any character; no field after it has a parenthesis.
  const std::size_t name_end = line.rfind(')');
  if (name_end == std::string_view::npos) return std::nullopt;
  line.remove_prefix(name_end + 1);
  const std::string_view state = take_word(line);
  if (state.empty()) return std::nullopt;
  ProcessStat stat;
  stat.state = state.front();
  for (int field = 4; field <= 22; ++field) {
    const std::string_view word = take_word(line);
    if (word.empty()) return std::nullopt;
    if (field == 4) stat.parent = number_in<pid_t>(word).value_or(0);
    if (field == 14) stat.user_ticks = number_in<std::uint64_t>(word).value_or(0);
    if (field == 15) stat.system_ticks = number_in<std::uint64_t>(word).value_or(0);
    if (field == 20) stat.threads = number_in<std::uint64_t>(word).value_or(0);
    if (field == 22) stat.start_time = number_in<std::uint64_t>(word).value_or(0);
  }
  return stat;
}

std::optional<ProcessStat> read_process_stat(pid_t pid) {
  const auto line = read_small_file(fmt::format("/proc/{}/stat", pid));
  return line ? parse_process_stat(*line) : std::nullopt;
}

}  // namespace tether
