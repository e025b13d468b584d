// What tether says of a start on standard error.
#pragma once

#include "failure.hpp"
#include "policy/options.hpp"
#include "run/binding.hpp"
#include "setup/preparation.hpp"

namespace tether {

// Says what nohup(1) would say, unless --quiet is given. A Failure if that cannot be written, which
// is an error of nohup(1) as well.
Status say_nohup_notice(const Options& options, const Launch& launch);

// Says what --detach has put in the place of standard descriptors; with -v also by which means the
// child was made and is bound.
void tell_of_start(const Options& options, const Prepared& prepared, const BoundChild& bound);

}  // namespace tether
