// One function for each mode. The modes that start COMMAND take the signals over, into `inherited`,
// as late as they can: until then tether ends as any program does. Each returns tether's exit
// status, or a Failure that has been recorded and is still to be said.
#pragma once

#include "failure.hpp"
#include "policy/options.hpp"
#include "setup/launch.hpp"

namespace tether {

// Spawns COMMAND and stays until COMMAND has ended. Ends tether by the child's SIGINT or SIGQUIT.
Result<int> run_and_wait(const Options& options, Inherited& inherited);

// Spawns COMMAND into its own session and returns once COMMAND runs, or is ready, or has failed to
// become so. With an option that needs a keeper this returns in two processes: in the original
// process, and later in the keeper, whose command line in `options` is gone by then.
Result<int> run_detached(Options& options, Inherited& inherited);

// Spawns COMMAND, hands its pidfd over to the receiver at the socket of --pidfd-fd, and leaves; or
// becomes the shell command that holds the pidfd (--become). A keeper stays as above, and also
// where the kernel does not end the child with the last close.
Result<int> run_handing_over(Options& options, Inherited& inherited);

// Ends the process that --pidfile names: 0, or 1 where nothing was running.
Result<int> run_stop(const Options& options);

// Becomes COMMAND (--exec). Returns only on failure.
Failure run_in_place(const Options& options, Inherited& inherited);

// --dry-run: says what would be done.
Result<int> show_dry_run(const Options& options, const Inherited& inherited);

// --features: says what this kernel and this sandbox can do.
Result<int> show_features(const Options& options);

// --version: with -v also what the kernel has.
Result<int> show_version(const Options& options);

}  // namespace tether
