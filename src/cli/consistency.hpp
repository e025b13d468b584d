// Which options cannot stand together, and which are nothing alone. Pure.
#pragma once

#include "cli/boundary.hpp"
#include "policy/options.hpp"
#include "result.hpp"

namespace tether {

// `boundary` says which options were named, `options` what they set.
Status check_consistency(const Boundary& boundary, const Options& options);

}  // namespace tether
