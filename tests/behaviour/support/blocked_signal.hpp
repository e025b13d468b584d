// A signal that COMMAND cannot miss, however late it comes to look for it.
#pragma once

#include <csignal>

#include "harness.hpp"

namespace tether::test {

// A caller that has `signal` blocked, so that COMMAND has from its first instruction.
inline Setup with_blocked(int signal, Setup setup = {}) {
  setup.before_exec = [signal, before = setup.before_exec] {
    sigset_t blocked;
    (void)::sigemptyset(&blocked);
    (void)::sigaddset(&blocked, signal);
    (void)::sigprocmask(SIG_BLOCK, &blocked, nullptr);
    if (before) before();
  };
  return setup;
}

}  // namespace tether::test
