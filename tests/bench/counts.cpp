#include "counts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <vector>

#include "footprint.hpp"
#include "process.hpp"
#include "trace.hpp"

namespace bench {
namespace {

// Not a question of time: where nothing is wrong the first is nearly always enough.
constexpr int most_runs = 30;
// A stop at every instruction takes its time.
constexpr int most_stepped_runs = 5;

template <typename Count>
std::uint64_t least(int runs, std::uint64_t enough, Count count) {
  std::uint64_t found = count();
  for (int i = 1; i < runs && found > enough; ++i) found = std::min<std::uint64_t>(found, count());
  return found;
}

std::vector<std::string> words_of(const Contestant& who, std::initializer_list<std::string> more) {
  std::vector<std::string> words = who.words;
  words.insert(words.end(), more);
  return words;
}

std::uint64_t faults_of(const Invocation& invocation, std::uint64_t enough) {
  return least(most_runs, enough, [&] {
    const Cost cost = run(invocation);
    if (cost.status != 0) throw std::runtime_error(fmt::format("{} failed", invocation.argv()[0]));
    return static_cast<std::uint64_t>(cost.minor_faults);
  });
}

std::uint64_t added_faults(const Contestant& who, const Helpers& helpers, std::uint64_t enough) {
  const Invocation invocation(words_of(who, {helpers.target}));
  const std::uint64_t bare = faults_of(Invocation({helpers.target}), 0);
  return faults_of(invocation, enough + bare) - bare;
}

std::uint64_t added_instructions(const Contestant& who, const Helpers& helpers,
                                 std::uint64_t enough) {
  const RealTime undisturbed;  // a hundred thousand stops: on a busy machine they take minutes
  const Invocation invocation(words_of(who, {helpers.target}));
  const std::uint64_t start =
      instructions_to_exec(Invocation({helpers.libc_start, helpers.target}));
  const auto stepped = [&] { return instructions_to_exec(invocation); };
  return least(most_stepped_runs, enough + start, stepped) - start;
}

std::uint64_t private_memory(const Contestant& who, const Helpers& helpers, std::uint64_t enough) {
  const Invocation invocation(words_of(who, {helpers.target, "sleep"}));
  return least(most_runs, enough, [&] {
    const long kb = resident_dirty_kb(invocation, helpers.target);
    if (kb <= 0) throw std::runtime_error(fmt::format("{} did not come to rest", who.name));
    return static_cast<std::uint64_t>(kb);
  });
}

}  // namespace

std::uint64_t count(const std::string& what, const Contestant& who, const Helpers& helpers,
                    std::uint64_t enough) {
  if (what == "system calls") {
    const Invocation invocation(words_of(who, {helpers.target}));
    return least(most_runs, enough, [&] { return system_calls(invocation); });
  }
  if (what == "instructions") return added_instructions(who, helpers, enough);
  if (what == "page faults") return added_faults(who, helpers, enough);
  if (what == "private memory, kB") return private_memory(who, helpers, enough);
  if (what == "bytes") return size_of(who.words.front());
  throw std::runtime_error(fmt::format("there is no count '{}'", what));
}

}  // namespace bench
