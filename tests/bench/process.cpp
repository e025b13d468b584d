#include "process.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <system_error>
#include <utility>

#include "sys/unique_fd.hpp"

namespace bench {
namespace {

// The same for everybody on every machine: variables cost the kernel time and tools a search.
constexpr std::size_t variables = 4;
std::array<const char*, variables + 3> environment = {
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/", "LANG=C.UTF-8",
    "TERM=dumb"};

// Of its string functions glibc takes those that every x86-64 has; elsewhere this means nothing.
constexpr const char* plain_functions =
    "GLIBC_TUNABLES=glibc.cpu.hwcaps=-AVX512F,-AVX512VL,-AVX512BW,-AVX2,-ERMS,-FSRM,-BMI2,-RTM,"
    "-SSE4_2,-SSE4_1,-SSSE3,-AVX_Fast_Unaligned_Load,-Fast_Unaligned_Copy";

bool is_repeatable = false;

// Where a stack begins in its page depends on how long the words above it are: with this variable
// they are as long wherever the programs lie, for paths of up to 400 bytes each.
const char* padding_for(char* const* argv) {
  constexpr std::size_t words_and_padding = 1500;
  std::size_t words = std::strlen(argv[0]);  // execve(2) puts the path there as well
  for (; *argv != nullptr; ++argv) words += std::strlen(*argv) + 1;
  static std::string padding;
  padding = "PADDING=" + std::string(words_and_padding - std::min(words, words_and_padding), 'x');
  return padding.c_str();
}

// Never one of the standard descriptors, even if we were started without: a dup2 of such a one to
// itself would leave it close-on-exec.
tether::UniqueFd open_null_device() {
  const tether::UniqueFd lowest(::open("/dev/null", O_RDWR | O_CLOEXEC));
  return tether::UniqueFd(::fcntl(lowest.get(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
}

int null_device() {
  static const tether::UniqueFd device = open_null_device();
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

bool make_repeatable() {
  environment[variables] = plain_functions;
  is_repeatable = true;
  (void)::close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
  constexpr unsigned long only_ask = 0xffffffff;
  const int now = ::personality(only_ask);
  return now >= 0 && ::personality(static_cast<unsigned>(now) | ADDR_NO_RANDOMIZE) >= 0;
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
  if (is_repeatable) environment[variables + 1] = padding_for(argv);
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
