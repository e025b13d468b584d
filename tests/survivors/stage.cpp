#include "stage.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <stdexcept>
#include <system_error>

#include "processes.hpp"

namespace survivors {
namespace {

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

// What the parent says about itself and the wrapper, in the order in which it happens.
enum class Event : int { parent_is, wrapper_is, wrapper_ended };
struct Report {
  Event event;
  pid_t pid;
};

void report(int fd, Event event, pid_t pid) {
  const Report text{event, pid};
  (void)!::write(fd, &text, sizeof text);
}

[[noreturn]] void be_wrapper(const std::vector<std::string>& words) {
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  (void)::execv(argv[0], argv.data());
  ::_exit(127);
}

// The script. It stays when the wrapper has ended, so that nothing else happens by that.
[[noreturn]] void be_parent(const std::vector<std::string>& words, int reports) {
  (void)::setpgid(0, 0);
  (void)::signal(SIGTTOU, SIG_IGN);
  (void)::tcsetpgrp(STDIN_FILENO, ::getpgrp());
  (void)::signal(SIGTTOU, SIG_DFL);
  report(reports, Event::parent_is, ::getpid());
  const pid_t wrapper = ::fork();
  if (wrapper == 0) be_wrapper(words);
  report(reports, Event::wrapper_is, wrapper);
  (void)::waitpid(wrapper, nullptr, 0);
  report(reports, Event::wrapper_ended, wrapper);
  while (true) ::pause();
}

[[noreturn]] void be_leader(const char* terminal, const std::vector<std::string>& words,
                            int reports) {
  reset_signals();
  (void)::setsid();
  const int fd = ::open(terminal, O_RDWR | O_CLOEXEC);
  if (fd < 0 || ::ioctl(fd, TIOCSCTTY, 0) != 0) ::_exit(1);
  for (int standard = 0; standard <= 2; ++standard) (void)::dup2(fd, standard);
  if (::fork() == 0) be_parent(words, reports);
  while (true) {
    if (::waitpid(-1, nullptr, 0) < 0) ::pause();
  }
}

}  // namespace

Stage::Stage(const std::vector<std::string>& words)
    : terminal_(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)) {
  if (!terminal_ || ::grantpt(terminal_.get()) != 0 || ::unlockpt(terminal_.get()) != 0)
    fail("pseudo-terminal");
  const std::string name = ::ptsname(terminal_.get());
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) fail("pipe");
  reports_.reset(ends[0]);
  const tether::UniqueFd writing(ends[1]);
  const pid_t leader = ::fork();
  if (leader < 0) fail("fork");
  if (leader == 0) {
    // A copy of it would put the hang-up off.
    terminal_.reset();
    be_leader(name.c_str(), words, writing.get());
  }
}

void Stage::take_reports() {
  pollfd readable{reports_.get(), POLLIN, 0};
  Report text{};
  while (::poll(&readable, 1, 0) > 0 && ::read(reports_.get(), &text, sizeof text) == sizeof text) {
    if (text.event == Event::parent_is) parent_ = text.pid;
    if (text.event == Event::wrapper_is) wrapper_ = text.pid;
    if (text.event == Event::wrapper_ended) ended_ = true;
  }
}

bool Stage::has_wrapper() {
  take_reports();
  return parent_ > 0 && wrapper_ > 0;
}

bool Stage::wrapper_has_ended() {
  take_reports();
  return ended_;
}

void Stage::bring(Death death) {
  // Number 0 would be this process's own group.
  if (!has_wrapper()) throw std::runtime_error("nobody to end");
  switch (death) {
    case Death::term_wrapper:
      (void)::kill(wrapper_, SIGTERM);
      break;
    case Death::kill_wrapper:
      (void)::kill(wrapper_, SIGKILL);
      break;
    case Death::term_parent:
      (void)::kill(parent_, SIGTERM);
      break;
    case Death::kill_parent:
      (void)::kill(parent_, SIGKILL);
      break;
    case Death::kill_group: {
      // The wrapper may have made another group that one.
      const pid_t group = ::tcgetpgrp(terminal_.get());
      if (group <= 1) fail("foreground group");
      (void)::kill(-group, SIGKILL);
      break;
    }
    case Death::hang_up:
      terminal_.reset();
      break;
  }
}

std::string Stage::first_words() {
  std::array<char, 4096> buffer{};
  pollfd readable{terminal_.get(), POLLIN, 0};
  std::string screen;
  while (::poll(&readable, 1, 0) > 0) {
    const ssize_t size = ::read(terminal_.get(), buffer.data(), buffer.size());
    if (size <= 0) break;
    screen.append(buffer.data(), static_cast<std::size_t>(size));
  }
  return screen.substr(0, screen.find_first_of("\r\n"));
}

}  // namespace survivors
