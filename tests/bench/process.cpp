#include "process.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include "sys/unique_fd.hpp"

namespace bench {
namespace {

// The same for everybody on every machine: variables cost the kernel time and tools a search.
std::array<const char*, 5> environment = {
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/", "LANG=C.UTF-8",
    "TERM=dumb", nullptr};

int null_device() {
  static const tether::UniqueFd device(::open("/dev/null", O_RDWR | O_CLOEXEC));
  return device.get();
}

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

// In the child of a vfork: the memory is the parent's.
[[noreturn]] void become(char* const* argv, int device, Tracing tracing) {
  for (int fd = 0; fd <= 2; ++fd) (void)::dup2(device, fd);
  if (tracing == Tracing::by_us) (void)::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
  (void)::execve(argv[0], argv, const_cast<char* const*>(environment.data()));
  ::_exit(127);
}

}  // namespace

Invocation::Invocation(std::vector<std::string> words) : words_(std::move(words)) {
  for (std::string& word : words_) argv_.push_back(word.data());
  argv_.push_back(nullptr);
}

void become_subreaper() {
  if (::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0) fail("PR_SET_CHILD_SUBREAPER");
}

void pin_to_one_cpu() {
  cpu_set_t allowed;
  if (::sched_getaffinity(0, sizeof allowed, &allowed) != 0) fail("sched_getaffinity");
  // The last one: interrupts go to the first more often.
  int cpu = CPU_SETSIZE - 1;
  while (cpu > 0 && !CPU_ISSET(cpu, &allowed)) --cpu;
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(cpu, &one);
  if (::sched_setaffinity(0, sizeof one, &one) != 0) fail("sched_setaffinity");
}

RealTime::RealTime() {
  const sched_param lowest{::sched_get_priority_min(SCHED_FIFO)};
  granted_ = ::sched_setscheduler(0, SCHED_FIFO, &lowest) == 0;
}

RealTime::~RealTime() {
  const sched_param none{0};
  if (granted_) (void)::sched_setscheduler(0, SCHED_OTHER, &none);
}

pid_t start(const Invocation& invocation, Tracing tracing) {
  const int device = null_device();
  char* const* const argv = invocation.argv();
  // fork would add the copying of our own page tables to every figure.
  const pid_t pid = ::vfork();                  // NOLINT(clang-analyzer-security.insecureAPI.vfork)
  if (pid == 0) become(argv, device, tracing);  // NOLINT(clang-analyzer-unix.Vfork)
  if (pid < 0) fail("vfork");
  return pid;
}

Cost run(const Invocation& invocation) {
  Cost cost;
  const auto before = std::chrono::steady_clock::now();
  const pid_t command = start(invocation);
  rusage usage{};
  int status = 0;
  pid_t ended = -1;
  while ((ended = ::wait4(-1, &status, __WALL, &usage)) > 0) {
    cost.minor_faults += usage.ru_minflt;
    if (ended == command) cost.status = status;
  }
  cost.wall = std::chrono::steady_clock::now() - before;
  return cost;
}

void reap_everything() {
  while (::waitpid(-1, nullptr, __WALL) > 0 || errno == EINTR) {
  }
}

}  // namespace bench
