#include "engine/helper_process.hpp"

#include <poll.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "sys/descriptors.hpp"
#include "sys/pidfd.hpp"

namespace tether {
namespace {

constexpr int patience_with_helper_ms = 2000;

}  // namespace

HelperProcess& HelperProcess::operator=(HelperProcess&& other) noexcept {
  if (this == &other) return *this;
  end();
  pidfd_ = std::move(other.pidfd_);
  wait_ = other.wait_;
  return *this;
}

void HelperProcess::end() {
  if (!pidfd_) return;
  (void)send_signal(pidfd_.get(), SIGKILL);
  if (wait_ != Wait::whole) wait_for_end();
  reap();
}

void HelperProcess::wait_for_end() const {
  pollfd watched{pidfd_.get(), POLLIN, 0};
  while (::poll(&watched, 1, patience_with_helper_ms) < 0 && errno == EINTR) {
  }
}

void HelperProcess::reap() {
  const bool can_be_reaped =
      wait_ == Wait::whole || (wait_ == Wait::bounded && has_ended(pidfd_.get()));
  if (can_be_reaped) (void)tether::reap(pidfd_.get(), nullptr);
  pidfd_.reset();
}

void take_helpers_name() {
  (void)::prctl(PR_SET_NAME, "keeper", 0, 0, 0);
}

void keep_nothing_but(std::initializer_list<int> kept) {
  (void)!::chdir("/");
  close_all_but(kept);
}

}  // namespace tether
