// Starting a command the cheapest way there is and waiting for all that it leaves behind.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <vector>

namespace bench {

// A command line, made before anything is measured.
class Invocation {
 public:
  explicit Invocation(std::vector<std::string> words);
  Invocation(const Invocation&) = delete;  // argv_ points into words_
  Invocation& operator=(const Invocation&) = delete;
  [[nodiscard]] char* const* argv() const { return argv_.data(); }

 private:
  std::vector<std::string> words_;
  std::vector<char*> argv_;
};

struct Cost {
  std::chrono::nanoseconds wall{};
  long minor_faults = 0;  // of the command and of everything it left behind
  int status = 0;         // of the command, as wait(2) has it
};

// What a command leaves behind becomes ours to wait for.
void become_subreaper();

// One CPU for this process and all it starts: a wake-up on another one costs as much as a tool.
void pin_to_one_cpu();

// From here on what is started has its stack and its heap where it has them every time, wherever
// its file lies, takes the same of libc's functions on every processor, and inherits nothing but
// the standard descriptors, whatever we did. False if a sandbox does not grant the addresses.
bool make_repeatable();

// Real-time priority while it lives, where we may have it. Without it other work on the CPU comes
// between, and more so for a tool that starts a session: a scheduling group of its own (autogroup).
class RealTime {
 public:
  RealTime();
  RealTime(const RealTime&) = delete;
  RealTime& operator=(const RealTime&) = delete;
  ~RealTime();
  [[nodiscard]] bool granted() const { return granted_; }

 private:
  bool granted_ = false;
};

enum class Tracing { off, by_us };

// vfork and execve, standard descriptors on /dev/null, a fixed environment. Traced, it stops after
// its exec. Throws if there is no process; a failed exec is exit status 127.
pid_t start(const Invocation& invocation, Tracing tracing = Tracing::off);

// Starts and waits until nothing is left.
Cost run(const Invocation& invocation);

// Waits until this process has no children.
void reap_everything();

}  // namespace bench
