// What the tests see and need around tether: processes, files, and what this kernel is expected to
// do.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <optional>
#include <string>

namespace tether::test {

// The bound of a wait for an event: reached only by a failure, as load and emulated kernels make
// every wait longer. Half a minute; when that is over, a spawn is timed, and where spawns take long
// at that moment there is more time accordingly, ten minutes at most.
class Patience {
 public:
  // What is left, as poll(2) takes it: milliseconds, 0 when there is none.
  [[nodiscard]] int left();
  [[nodiscard]] bool is_over() { return left() == 0; }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point begin_ = Clock::now();
  std::chrono::milliseconds length_ = std::chrono::seconds(30);
  bool is_extended_ = false;
};

// Polls until `is_so` holds; false if it does not in time. Sleeps in between, so that the processor
// is free for those that are waited for.
bool eventually(const std::function<bool()>& is_so);

// A temporary directory of this test, removed with it.
class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  [[nodiscard]] std::string path(const std::string& name = {}) const;
  void write(const std::string& name, const std::string& content, mode_t mode = 0644) const;

 private:
  std::string path_;
};

// Makes orphans come to this process, where they are seen and reaped at once: the PID 1 of some
// machines takes its time. For the whole run of the suite.
void become_subreaper();

// Kills and reaps whatever a test has left: nothing of the suite stays on the machine.
void end_all_children();

// Waits until `pid` is gone, reaping it if need be; false if it lives on. An autoreaped one leaves
// nothing to reap. What else there is may live.
bool is_gone(pid_t pid);

// What became of the orphans of a test that is about them. All are gone when it goes out of scope,
// which is checked.
class OrphanCollector {
 public:
  OrphanCollector() = default;
  ~OrphanCollector();
  OrphanCollector(const OrphanCollector&) = delete;
  OrphanCollector& operator=(const OrphanCollector&) = delete;
  // See above.
  bool is_gone(pid_t pid) const { return test::is_gone(pid); }
  // The same for everything that this process has for a child by now, a killed tether included.
  bool all_are_gone() const;
};

// The state letter of /proc/PID/stat; none if there is no such process.
std::optional<char> state_of(pid_t pid);
// A line "NAME:" of /proc/PID/status, without the name.
std::string status_of(pid_t pid, const std::string& name);

std::string read_file(const std::string& path);
bool exists(const std::string& path);
// The permission bits of a file.
mode_t mode_of(const std::string& path);
bool is_root();
// Whether this is the project's own virtual machine: all that can be had is to be had there.
bool is_in_vm();
// Whether this kernel's release is one with the new clone flags (7.1), by its number: the tests'
// own view, for tether finds out by trying.
bool kernel_has_flags();
// Whether the suite itself runs where clone3 is filtered, as in a container: then not.
bool sandbox_filters_clone3();
bool kernel_is_at_least(int major, int minor);

// The labels that a record must have, here and for this user, with --autokill --nnp.
std::string expected_autoreap();
std::string expected_autokill();
std::string expected_nnp();

}  // namespace tether::test
