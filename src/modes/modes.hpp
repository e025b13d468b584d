// What each mode does with the options: one function, one way through. The modes that start COMMAND
// take the signals over, into `inherited`, as late as they can: until then tether ends as any
// program does.
#pragma once

#include "failure.hpp"
#include "policy/options.hpp"
#include "setup/launch.hpp"

namespace tether {

// Spawns COMMAND, stays until it has ended, and returns tether's exit status; or a Failure that has
// been recorded and is still to be said. Ends tether by the child's SIGINT or SIGQUIT.
Result<int> run_and_wait(const Options& options, Inherited& inherited);

// Spawns COMMAND into its own session and returns once it runs, or is ready, or has failed to
// become so. With an option that needs somebody to stay this returns twice: in the caller's tether,
// and later in the keeper that it left behind.
Result<int> run_detached(Options& options, Inherited& inherited);

// Spawns COMMAND, hands its pidfd over to who reads the socket that --pidfd-fd names, and leaves;
// or becomes the shell command that holds it (--become). A keeper stays behind as above, and where
// the kernel does not end the child with its pidfd.
Result<int> run_handing_over(Options& options, Inherited& inherited);

// Ends the process that --pidfile names: 0, or 1 where nothing was running.
Result<int> run_stop(const Options& options);

// Becomes COMMAND (--exec). Returns only the failure.
Failure run_in_place(const Options& options, Inherited& inherited);

// --dry-run: says what would be done.
Result<int> show_dry_run(const Options& options, const Inherited& inherited);

// --features: says what this kernel and this sandbox can do.
Result<int> show_features(const Options& options);

// --version: with -v also what the kernel has.
Result<int> show_version(const Options& options);

}  // namespace tether
