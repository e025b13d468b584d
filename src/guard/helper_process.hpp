// What tether's helper processes have in common: the owner that ends them, and how each begins. A
// helper is forked off tether and never execs.
#pragma once

#include <initializer_list>
#include <string>
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
    bounded_and_reaped,  // the same, and the kernel reaps the helper (CLONE_AUTOREAP)
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

// For the helper process itself, first of all: the name that ps(1) and pkill(1) know it by, at most
// 15 characters (PR_SET_NAME). `pkill -KILL tether` ends tether and leaves the helper alive, to do
// what it is there for.
void take_name(const char* name);

// For the helper process itself, once it needs nothing more that tether has opened. The title has
// no word of tether's command line, so that `pkill -KILL -f WORD` leaves the helper alive as well.
// The helper leaves the working directory, so that a file system can be unmounted. Last of all it
// closes every descriptor but `kept` (negative ones are left out), so that a pipe of the caller's
// has its end of file.
void settle(const std::string& title, std::initializer_list<int> kept);

}  // namespace tether
