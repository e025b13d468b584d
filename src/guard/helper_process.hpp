// What tether's helper processes have in common: HelperProcess, which ends one, and how each
// begins. A helper is forked from tether and never execs.
#pragma once

#include <initializer_list>
#include <string>
#include <utility>

#include "failure.hpp"
#include "sys/unique_fd.hpp"

namespace tether {

inline Failure helper_failure(int error_number) {
  return Failure{.stage = Stage::helper, .error_number = error_number};
}

// Owns a helper, which is a child of this process. The destructor ends it.
class HelperProcess {
 public:
  // How long to wait for the helper's end.
  enum class Wait {
    whole,    // for as long as it takes: the helper does nothing that the kernel could hold up
    bounded,  // for two seconds at most: what delays its end is not tether's to wait for
    bounded_and_reaped,  // the same, and the kernel reaps the helper (CLONE_AUTOREAP)
  };

  HelperProcess() = default;
  explicit HelperProcess(UniqueFd pidfd, Wait wait = Wait::whole)
      : pidfd_(std::move(pidfd)), wait_(wait) {}
  HelperProcess(HelperProcess&&) = default;
  HelperProcess& operator=(HelperProcess&& other) noexcept;
  ~HelperProcess() { end(); }

  // Kills the helper and reaps it. Does nothing the second time.
  void end();
  // Waits, for two seconds at most, until the helper has ended by itself.
  void wait_for_end() const;
  // Reaps the helper, which has ended by itself.
  void reap();

  [[nodiscard]] explicit operator bool() const { return static_cast<bool>(pidfd_); }
  [[nodiscard]] int pidfd() const { return pidfd_.get(); }

 private:
  UniqueFd pidfd_;
  Wait wait_ = Wait::whole;
};

// For the helper process, first of all: sets the name that ps(1) and pkill(1) use, at most 15
// characters (PR_SET_NAME). `pkill -KILL tether` then ends tether and leaves the helper alive, to
// do its work.
void take_name(const char* name);

// For the helper process, once it needs nothing more that tether has opened. `title` replaces
// tether's command line, so that `pkill -KILL -f WORD` leaves the helper alive as well, unless WORD
// is in the title. The helper leaves the working directory, so that a file system can be unmounted,
// and last closes every descriptor but `kept` (negative ones are ignored), so that a pipe of the
// caller's gets its end of file.
void settle(const std::string& title, std::initializer_list<int> kept);

}  // namespace tether
