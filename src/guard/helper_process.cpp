#include "guard/helper_process.hpp"

#include <sys/prctl.h>
#include <unistd.h>

#include <chrono>
#include <csignal>

#include "sys/deadline.hpp"
#include "sys/descriptors.hpp"
#include "sys/pidfd.hpp"
#include "sys/processes.hpp"

namespace tether {
namespace {

constexpr std::chrono::seconds patience_with_helper{2};

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
  (void)await(pidfd_.get(), patience_with_helper);
}

void HelperProcess::reap() {
  const bool can_be_reaped =
      wait_ == Wait::whole || (wait_ == Wait::bounded && has_ended(pidfd_.get()));
  if (can_be_reaped) (void)tether::reap(pidfd_.get(), nullptr);
  pidfd_.reset();
}

void take_name(const char* name) {
  (void)::prctl(PR_SET_NAME, name, 0, 0, 0);
}

void settle(const std::string& title, std::initializer_list<int> kept) {
  set_process_title(title);
  (void)!::chdir("/");
  close_all_but(kept);
}

}  // namespace tether
