// argv becomes Options, or a usage error. The only room that knows the parser library.
#pragma once

#include "failure.hpp"
#include "policy/options.hpp"

namespace tether {

// Options::command points into `argv`, which must stay. The values of --env are wiped from argv, as
// everybody can read a resident process's command line (/proc/PID/cmdline).
Result<Options> parse_command_line(int argc, char** argv);

}  // namespace tether
