#include "modes/keeper.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <string>
#include <utility>

#include "sys/processes.hpp"

namespace tether {
namespace {

// From here on the keeper holds no directory and no descriptor of the caller's but those that an
// option names.
void detach_from_caller(const Options& options, Job& job) {
  if (options.status_fd != STDOUT_FILENO) job.finish_output();
  // A child that stays in the caller's session had to be made in that session. What was typed there
  // before is handled now, and not taken for a signal to the keeper afterwards.
  job.handle_signals();
  (void)::setsid();
  (void)!::chdir("/");
  release_callers_descriptors(options);
  // Without the arguments: COMMAND may have hidden its own.
  set_process_title(keeper_title(job.pid(), options));
}

}  // namespace

Result<int> keep(Options& options, Job& job, OriginalProcess& original) {
  std::string name = options.command[0];
  std::array<char*, 2> command{name.data(), nullptr};
  detach_from_caller(options, job);
  original.release();
  // The title has overwritten the words of the command line.
  char** const words = std::exchange(options.command, command.data());
  options.verbose = false;
  Result<int> status = job.wait_for_end();
  options.command = words;
  return status;
}

}  // namespace tether
