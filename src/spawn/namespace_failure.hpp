// Why namespaces were refused, as a failure that names the thing to change.
#pragma once

#include <string>

#include "failure.hpp"
#include "sys/namespace_facts.hpp"
#include "sys/namespaces.hpp"

namespace tether {

// One line, or empty where the facts explain nothing. Pure. Which errno the kernel answers to what:
// clone(2), user_namespaces(7), mount(2), and seen on Linux 6.1 to 7.3.
std::string why_namespaces_are_refused(const NamespacePlan& plan, const NamespaceStatus& status,
                                       const NamespaceFacts& facts);

// The same as a whole, with the facts of this process. For the caller, outside the namespaces.
Failure namespace_failure(const NamespacePlan& plan, const NamespaceStatus& status);

}  // namespace tether
