// Descriptors 0 to 2 as tether finds them, and the limit on open descriptors.
#pragma once

#include <sys/resource.h>

#include <optional>

namespace tether {

// Opens a placeholder on each of 0 to 2 that is closed, so that no descriptor of tether's own lands
// there. A placeholder is close-on-exec: COMMAND finds the descriptor closed, as the caller left
// it. The result also tells whether the limit on open descriptors is tiny. `not_filled` sets errno.
enum class StandardDescriptors { filled, filled_under_tiny_limit, not_filled };
StandardDescriptors fill_standard_descriptors();

// Raises a tiny soft limit, so that tether can open what it needs. Returns the old limit, for the
// child to get back, if it was changed.
std::optional<rlimit> raise_tiny_descriptor_limit();

}  // namespace tether
