#include "surroundings.hpp"

#include <doctest/doctest.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace tether::test {
namespace {

using std::chrono::duration_cast;
using std::chrono::microseconds;
using std::chrono::milliseconds;

// A child that ends at once, until it is waited for: a fraction of a millisecond on an idle
// machine.
microseconds time_of_a_spawn() {
  const auto begin = std::chrono::steady_clock::now();
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(0);
  (void)::waitpid(pid, nullptr, 0);
  return duration_cast<microseconds>(std::chrono::steady_clock::now() - begin);
}

}  // namespace

int Patience::left() {
  const auto passed = duration_cast<milliseconds>(Clock::now() - begin_);
  if (passed >= length_ && !is_extended_) {
    is_extended_ = true;
    const auto by_load = duration_cast<milliseconds>(20000 * time_of_a_spawn());
    length_ = std::clamp<milliseconds>(by_load, length_, std::chrono::minutes(10));
  }
  return passed < length_ ? static_cast<int>((length_ - passed).count()) : 0;
}

bool eventually(const std::function<bool()>& is_so) {
  constexpr microseconds longest_nap{5000};
  Patience patience;
  for (microseconds nap{100}; !is_so(); nap = std::min(2 * nap, longest_nap)) {
    if (patience.is_over()) return false;
    std::this_thread::sleep_for(nap);
  }
  return true;
}

TemporaryDirectory::TemporaryDirectory() {
  std::string name = (std::filesystem::temp_directory_path() / "tether-test-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
  path_ = name;
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string TemporaryDirectory::path(const std::string& name) const {
  return name.empty() ? path_ : path_ + "/" + name;
}

void TemporaryDirectory::write(const std::string& name, const std::string& content,
                               mode_t mode) const {
  std::ofstream(path(name)) << content;
  std::filesystem::permissions(path(name), static_cast<std::filesystem::perms>(mode));
}

OrphanCollector::~OrphanCollector() {
  CHECK_MESSAGE(all_are_gone(), "orphans are left that do not end");
}

void become_subreaper() {
  (void)::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
}

void end_all_children() {
  const std::string own = std::to_string(::getpid());
  const std::string list = "/proc/" + own + "/task/" + own + "/children";
  const bool gone = eventually([&list] {
    std::istringstream children(read_file(list));
    for (pid_t child = 0; children >> child;) (void)::kill(child, SIGKILL);
    pid_t reaped = 0;
    do {
      reaped = ::waitpid(-1, nullptr, WNOHANG | __WALL);
    } while (reaped > 0);
    return reaped < 0;
  });
  CHECK_MESSAGE(gone, "processes are left that do not die");
}

bool is_gone(pid_t pid) {
  return eventually([pid] {
    (void)::waitpid(pid, nullptr, WNOHANG);
    return ::kill(pid, 0) != 0;
  });
}

bool OrphanCollector::all_are_gone() const {
  return eventually([] {
    pid_t reaped = 0;
    do {
      reaped = ::waitpid(-1, nullptr, WNOHANG | __WALL);
    } while (reaped > 0);
    return reaped < 0;
  });
}

std::optional<char> state_of(pid_t pid) {
  const std::string stat = read_file("/proc/" + std::to_string(pid) + "/stat");
  const std::size_t comm_end = stat.rfind(')');
  if (comm_end == std::string::npos || comm_end + 2 >= stat.size()) return std::nullopt;
  return stat[comm_end + 2];
}

std::string status_of(pid_t pid, const std::string& name) {
  std::istringstream lines(read_file("/proc/" + std::to_string(pid) + "/status"));
  for (std::string line; std::getline(lines, line);)
    if (line.rfind(name + ":", 0) == 0)
      return line.substr(line.find_first_not_of("\t ", name.size() + 1));
  return {};
}

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

bool exists(const std::string& path) {
  return ::access(path.c_str(), F_OK) == 0;
}

mode_t mode_of(const std::string& path) {
  struct stat file {};
  REQUIRE(::stat(path.c_str(), &file) == 0);
  return file.st_mode & 07777;
}

bool is_root() {
  return ::geteuid() == 0;
}

bool is_in_vm() {
  return std::getenv("TETHER_VM") != nullptr;
}

bool kernel_is_at_least(int major, int minor) {
  utsname name{};
  (void)::uname(&name);
  int has_major = 0;
  int has_minor = 0;
  (void)std::sscanf(name.release, "%d.%d", &has_major, &has_minor);  // NOLINT(cert-err34-c)
  return has_major > major || (has_major == major && has_minor >= minor);
}

bool kernel_has_flags() {
  return kernel_is_at_least(7, 1) && !sandbox_filters_clone3();
}

bool sandbox_filters_clone3() {
  // No size is EINVAL to the kernel.
  return ::syscall(SYS_clone3, nullptr, 0) == -1 && errno != EINVAL;
}

std::string expected_autoreap() {
  return kernel_has_flags() ? "kernel" : "wait";
}

std::string expected_autokill() {
  if (kernel_has_flags()) return "kernel";
  return is_root() ? "keeper" : "pdeathsig";
}

std::string expected_nnp() {
  return kernel_has_flags() ? "kernel" : "prctl";
}

}  // namespace tether::test
