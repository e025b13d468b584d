// Explains why namespaces were refused, in a Failure that names the thing to change, and finds out
// by a trial whether they are.
#pragma once

#include <string>

#include "failure.hpp"
#include "sys/clone.hpp"
#include "sys/namespaces.hpp"
#include "sys/sandbox_facts.hpp"

namespace tether {

// One line, or empty where the facts explain nothing. Pure. The meanings of the errnos are from
// clone(2), user_namespaces(7), mount(2), and observed on Linux 6.1 to 7.3.
std::string why_namespaces_are_refused(const NamespacePlan& plan, const NamespaceStatus& status,
                                       const NamespaceFacts& facts);

// The whole Failure, with the facts of this process, which must be outside the namespaces.
Failure namespace_failure(const NamespacePlan& plan, const NamespaceStatus& status);

// Makes what --pid-namespace makes, for a process that runs nothing and ends at once. A Failure is
// the one that --pid-namespace would end with. This process must be single-threaded.
Status try_namespaces(CloneWay way);

}  // namespace tether
