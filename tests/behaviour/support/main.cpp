// behaviour-tests [--tether=PATH] [DOCTEST-OPTION]... - the behaviour suite, against the tether at
// PATH (default: the one beside this program).
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "harness.hpp"

namespace {

// The suite's own report needs descriptors 0 to 2, whatever it was started with.
void open_missing_standard_descriptors() {
  int fd = 0;
  do {
    fd = ::open("/dev/null", O_RDWR);
  } while (fd >= 0 && fd <= 2);
  if (fd > 2) (void)::close(fd);
}

// The same surroundings for every test, whatever this was started in.
void settle_surroundings() {
  open_missing_standard_descriptors();
  // Descriptors that were left open would show up in the children.
  (void)::syscall(SYS_close_range, 3U, ~0U, 0);
  // A directory that this user may not search would turn "not found" into "denied", as execvp has
  // it.
  (void)::setenv("PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", 1);
  if (std::getenv("HOME") == nullptr) (void)::setenv("HOME", "/", 1);
  if (std::getenv("TERM") == nullptr) (void)::setenv("TERM", "dumb", 1);
  (void)::umask(022);
}

}  // namespace

int main(int argc, char** argv) {
  settle_surroundings();
  std::vector<char*> words;
  for (int i = 0; i < argc; ++i) {
    const std::string word = argv[i];
    if (word.rfind("--tether=", 0) == 0)
      (void)::setenv("TETHER_BIN", std::filesystem::absolute(word.substr(9)).c_str(), 1);
    else
      words.push_back(argv[i]);
  }
  // Now, and not by a case in a fork: a copy for other users is made once.
  (void)tether::test::tether_binary();
  (void)tether::test::tool("probe");
  tether::test::become_subreaper();
  return doctest::Context(static_cast<int>(words.size()), words.data()).run();
}
