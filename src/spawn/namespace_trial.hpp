// Whether a PID namespace is to be had here, by making one that ends at once.
#pragma once

#include "failure.hpp"
#include "sys/clone.hpp"

namespace tether {

// As --pid-namespace makes it, for a process that runs nothing. A Failure is the one that
// --pid-namespace would end with. For a single-threaded process.
Status try_namespaces(CloneWay way);

}  // namespace tether
