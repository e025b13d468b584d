// A terminal that the caller of tether may have, on any of its descriptors.
#pragma once

#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <string>
#include <vector>

#include "harness.hpp"

namespace tether::test {

class PseudoTerminal {
 public:
  PseudoTerminal() : master_(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)) {
    REQUIRE(::grantpt(master_.get()) == 0);
    REQUIRE(::unlockpt(master_.get()) == 0);
    path_ = ::ptsname(master_.get());
  }

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] int master() const { return master_.get(); }

  // As /proc has it.
  [[nodiscard]] int number() const {
    struct stat file {};
    REQUIRE(::stat(path_.c_str(), &file) == 0);
    const unsigned low = minor(file.st_rdev);
    return static_cast<int>((low & 0xffU) | (major(file.st_rdev) << 8U) | (low >> 8U << 20U));
  }

  // A caller that leads the session of this terminal, and has it on these descriptors.
  [[nodiscard]] Setup on(const std::vector<int>& descriptors) const {
    Setup setup;
    setup.before_exec = [path = path_, descriptors] {
      (void)::setsid();
      const int terminal = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
      (void)::ioctl(terminal, TIOCSCTTY, 0);
      for (const int fd : descriptors) (void)::dup2(terminal, fd);
    };
    return setup;
  }

  // What came so far, once it has `text`.
  const std::string& expect(const std::string& text) {
    while (screen_.find(text) == std::string::npos)
      REQUIRE_MESSAGE(read_some(), "on the screen: ", screen_);
    return screen_;
  }
  // The same of what nobody has expected in this way yet: up to `text` it is done with.
  void expect_next(const std::string& text) {
    while (screen_.find(text, done_with_) == std::string::npos)
      REQUIRE_MESSAGE(read_some(), "not '", text, "' on the screen: ", screen_.substr(done_with_));
    done_with_ = screen_.find(text, done_with_) + text.size();
  }
  [[nodiscard]] const std::string& screen() const { return screen_; }
  void type(const std::string& keys) const {
    REQUIRE(::write(master_.get(), keys.data(), keys.size()) == static_cast<ssize_t>(keys.size()));
  }
  [[nodiscard]] pid_t foreground_group() const { return ::tcgetpgrp(master_.get()); }

  // Everything until nobody has it open any more, which must come.
  const std::string& expect_hangup() {
    while (read_some()) {
    }
    REQUIRE_MESSAGE(hung_up_, "somebody has the terminal open");
    return screen_;
  }

 private:
  bool read_some() {
    std::array<char, 4096> buffer;
    pollfd readable{master_.get(), POLLIN, 0};
    if (::poll(&readable, 1, 30000) <= 0) return false;
    const ssize_t got = ::read(master_.get(), buffer.data(), buffer.size());
    hung_up_ = got < 0 && errno == EIO;
    if (got > 0) screen_.append(buffer.data(), static_cast<std::size_t>(got));
    return got > 0;
  }

  UniqueFd master_;
  std::string path_;
  std::string screen_;
  std::size_t done_with_ = 0;
  bool hung_up_ = false;
};

}  // namespace tether::test
