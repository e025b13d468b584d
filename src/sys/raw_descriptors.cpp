#include "sys/raw_descriptors.hpp"

#include "sys/raw_calls.hpp"

namespace tether {

void close_between(unsigned first, unsigned last) noexcept {
  if (first > last || raw::close_range(first, last) == 0) return;
  rlimit limit{};
  (void)raw::limit(RLIMIT_NOFILE, nullptr, &limit);
  for (unsigned fd = first; fd <= last && fd < limit.rlim_max && fd < most_fds; ++fd)
    (void)raw::close(static_cast<int>(fd));
}

}  // namespace tether
