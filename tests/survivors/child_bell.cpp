#include "child_bell.hpp"

#include <sys/signalfd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

namespace survivors {

ChildBell::ChildBell() {
  sigset_t child;
  (void)::sigemptyset(&child);
  (void)::sigaddset(&child, SIGCHLD);
  (void)::sigprocmask(SIG_BLOCK, &child, &before_);
  ended_.reset(::signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!ended_) throw std::system_error(errno, std::generic_category(), "signalfd");
}

ChildBell::~ChildBell() {
  (void)::sigprocmask(SIG_SETMASK, &before_, nullptr);
}

void ChildBell::wait(std::chrono::nanoseconds length, pollfd other) {
  const auto nanoseconds = std::max<std::chrono::nanoseconds::rep>(0, length.count());
  const timespec timeout{nanoseconds / 1000000000, nanoseconds % 1000000000};
  std::array<pollfd, 2> watched{pollfd{ended_.get(), POLLIN, 0}, other};
  if (::ppoll(watched.data(), watched.size(), &timeout, nullptr) <= 0) return;
  signalfd_siginfo seen{};
  while (::read(ended_.get(), &seen, sizeof seen) > 0) {
  }
}

}  // namespace survivors
