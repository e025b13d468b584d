#include "run/keep.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <string>

#include "run/end.hpp"
#include "sys/process_title.hpp"

namespace tether {
namespace {

// From here on the keeper is nobody's: it holds no directory and no descriptor of the caller's but
// the one that records are asked for on, and says nothing more.
void let_go(const Options& options, Start& start, Supervisor& supervisor) {
  if (options.status_fd != STDOUT_FILENO) start.finish_output();
  // A child that stays in the caller's session had to be made in it. What was typed there before is
  // not to be taken for a signal to us afterwards.
  supervisor.catch_up();
  (void)::setsid();
  (void)!::chdir("/");
  release_callers_descriptors(options);
  // Not the arguments: what COMMAND hides of its own, nobody else should show.
  set_process_title(keeper_title(start.pid(), options));
}

}  // namespace

Result<int> keep(const Options& options, Start& start, Supervisor& supervisor, Caller& caller) {
  std::string name = options.command[0];
  std::array<char*, 2> command{name.data(), nullptr};
  let_go(options, start, supervisor);
  caller.release();
  // The words of the command line are gone with the title.
  Options later = options;
  later.command = command.data();
  later.verbose = false;
  return wait_for_end(later, start, supervisor);
}

}  // namespace tether
