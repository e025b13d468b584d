// What tether's helper processes have in common: the owner that ends them, and how each begins. A
// helper is forked off tether and never execs.
#pragma once

#include <initializer_list>
#include <utility>

#include "sys/unique_fd.hpp"

namespace tether {

// Owns a helper that is this process's child: SIGKILL and a wait when the owner goes.
class HelperProcess {
 public:
  // How its end is waited for.
  enum class Wait {
    whole,    // for as long as it takes: the helper does nothing that the kernel could hold up
    bounded,  // for two seconds at most: what holds it up is not tether's to wait for
    none,     // the same, and the kernel reaps it (CLONE_AUTOREAP)
  };

  HelperProcess() = default;
  explicit HelperProcess(UniqueFd pidfd, Wait wait = Wait::whole)
      : pidfd_(std::move(pidfd)), wait_(wait) {}
  HelperProcess(HelperProcess&&) = default;
  HelperProcess& operator=(HelperProcess&& other) noexcept;
  ~HelperProcess() { end(); }

  // Ends the helper and reaps it. The second time does nothing.
  void end();
  // Waits, within the bounds of Wait::bounded, until it has ended by itself.
  void wait_for_end() const;
  // Reaps the helper, which has ended by itself.
  void reap();

  [[nodiscard]] explicit operator bool() const { return static_cast<bool>(pidfd_); }
  [[nodiscard]] int pidfd() const { return pidfd_.get(); }

 private:
  UniqueFd pidfd_;
  Wait wait_ = Wait::whole;
};

// For the helper itself. A name of its own, in ps and for pkill(1): SIGKILL to every process that
// is called tether leaves it alive, to do what it is there for.
void take_helpers_name();

// For the helper itself. Leaves the working directory, so that a file system can be unmounted, and
// then closes every descriptor but `kept` (negative ones are left out): a pipe of the caller's has
// its end of file.
void keep_nothing_but(std::initializer_list<int> kept);

}  // namespace tether
