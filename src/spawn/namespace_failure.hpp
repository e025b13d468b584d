// Explains why namespaces were refused, in a Failure that names the thing to change.
#pragma once

#include <string>

#include "failure.hpp"
#include "sys/namespace_facts.hpp"
#include "sys/namespaces.hpp"

namespace tether {

// One line, or empty where the facts explain nothing. Pure. The meanings of the errnos are from
// clone(2), user_namespaces(7), mount(2), and observed on Linux 6.1 to 7.3.
std::string why_namespaces_are_refused(const NamespacePlan& plan, const NamespaceStatus& status,
                                       const NamespaceFacts& facts);

// The whole Failure, with the facts of this process, which must be outside the namespaces.
Failure namespace_failure(const NamespacePlan& plan, const NamespaceStatus& status);

}  // namespace tether
