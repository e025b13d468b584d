// Finds out whether a PID namespace can be made here, by making one that ends at once.
#pragma once

#include "failure.hpp"
#include "sys/clone.hpp"

namespace tether {

// Makes what --pid-namespace makes, for a process that runs nothing. A Failure is the one that
// --pid-namespace would end with. This process must be single-threaded.
Status try_namespaces(CloneWay way);

}  // namespace tether
