// Descriptors 0 to 2 as tether finds them, and the limit on open descriptors.
#pragma once

#include <sys/resource.h>

#include <optional>

namespace tether {

// Puts a placeholder on each of descriptors 0 to 2 that is closed, so that none of tether's own
// lands there. The placeholder is close-on-exec: COMMAND finds the descriptor closed, as the caller
// left it. The answer says as well whether the limit on open descriptors is tiny. `not_filled`
// leaves the reason in errno.
enum class StandardDescriptors { filled, filled_under_tiny_limit, not_filled };
StandardDescriptors fill_standard_descriptors();

// Lets tether itself open what it needs under a tiny soft limit. Returns the limit to give back to
// the child, if it was changed.
std::optional<rlimit> raise_tiny_descriptor_limit();

}  // namespace tether
