#include "patience.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <system_error>

#include "programs.hpp"

namespace survivors {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds between_spawns{5000};

}  // namespace

milliseconds time_of_a_spawn() {
  // Without arguments this program ends at once.
  const std::string program = suite_directory() + "/tools/family";
  const auto start = std::chrono::steady_clock::now();
  const pid_t pid = ::fork();
  if (pid < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (pid == 0) {
    (void)::execl(program.c_str(), program.c_str(), nullptr);
    ::_exit(127);
  }
  while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
  return std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - start);
}

Patience::Patience(Bound bound) : bound_(bound), step_(std::min(bound.least, between_spawns)) {}

bool Patience::is_over() {
  if (Clock::now() < next_spawn_) return false;
  slowest_spawn_ = std::max(slowest_spawn_, time_of_a_spawn());
  next_spawn_ = Clock::now() + step_;
  return passed() >= std::max(bound_.least, bound_.spawns * slowest_spawn_);
}

milliseconds Patience::passed() const {
  return std::chrono::duration_cast<milliseconds>(Clock::now() - start_);
}

}  // namespace survivors
