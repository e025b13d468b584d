// What repeats exactly, if become_subreaper(), pin_to_one_cpu() and make_repeatable() were called.
#pragma once

#include <cstdint>
#include <string>

#include "contestants.hpp"

namespace bench {

// The programs beside tether-bench.
struct Helpers {
  std::string target;
  std::string libc_start;
};

// The least of several runs, or the first that is not above `enough`: what comes from outside, or
// with the order in which two processes run, only adds. `what` is one of "system calls",
// "instructions", "page faults", "private memory, kB" and "bytes"; throws on another one, or if
// `who` does not run the target.
std::uint64_t count(const std::string& what, const Contestant& who, const Helpers& helpers,
                    std::uint64_t enough);

}  // namespace bench
