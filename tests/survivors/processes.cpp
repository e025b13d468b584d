#include "processes.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <optional>
#include <sstream>
#include <system_error>

#include "child_bell.hpp"
#include "patience.hpp"
#include "sys/unique_fd.hpp"

namespace survivors {
namespace {

// A list of children that is read while they end can be short of some.
constexpr std::chrono::milliseconds list_again{50};

std::string read_file(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return {};
  std::array<char, 4096> buffer{};
  const ssize_t size = ::read(fd, buffer.data(), buffer.size());
  (void)::close(fd);
  return size > 0 ? std::string(buffer.data(), static_cast<std::size_t>(size)) : std::string();
}

std::string file_of(pid_t pid, const char* name) {
  return read_file("/proc/" + std::to_string(pid) + "/" + name);
}

// What getdents64(2) gives; glibc declares it only for its own, larger reads.
struct Entry {
  std::uint64_t inode;
  std::int64_t next;
  unsigned short size;
  unsigned char type;
  char name[1];
};

// One or two at a time, by rising numbers: what comes of a process that has been looked at is still
// to come, mostly. readdir(3) reads a thousand names ahead, and on a busy machine a comet is two
// generations further when the last of them is looked at.
void for_each_pid(const std::function<void(pid_t)>& act) {
  const tether::UniqueFd proc(::open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  alignas(Entry) std::array<char, 64> buffer{};
  long size = 0;
  while ((size = ::syscall(SYS_getdents64, proc.get(), buffer.data(), buffer.size())) > 0) {
    for (long at = 0; at < size;) {
      const auto* const entry = reinterpret_cast<const Entry*>(buffer.data() + at);
      at += entry->size;
      const auto pid = static_cast<pid_t>(std::strtol(entry->name, nullptr, 10));
      if (pid > 0) act(pid);
    }
  }
  if (size < 0) throw std::system_error(errno, std::generic_category(), "/proc");
}

struct FamilyMember {
  std::string directory;
  std::string role;
};

// None when it is of no family, and when it is dead: then it has no command line.
std::optional<FamilyMember> member(pid_t pid) {
  std::istringstream words(file_of(pid, "cmdline"));
  std::string program;
  FamilyMember found;
  if (!std::getline(words, program, '\0') || !program.ends_with("/family")) return std::nullopt;
  if (!std::getline(words, found.directory, '\0')) return std::nullopt;
  if (!std::getline(words, found.role, '\0')) found.role = "child";
  return found;
}

// None when there is no such process, or a dead one.
std::optional<Process> look_at(pid_t pid) {
  const std::string stat = file_of(pid, "stat");
  const std::size_t name_start = stat.find('(');
  const std::size_t name_end = stat.rfind(')');
  if (name_start == std::string::npos || name_end == std::string::npos) return std::nullopt;
  Process process;
  process.pid = pid;
  process.name = stat.substr(name_start + 1, name_end - name_start - 1);
  std::istringstream rest(stat.substr(name_end + 1));
  char state = 0;
  rest >> state >> process.parent;
  if (state == 'Z' || state == 'X') return std::nullopt;
  if (const auto found = member(pid))
    process.name = found->directory.substr(found->directory.rfind('/') + 1) + " " + found->role;
  return process;
}

}  // namespace

void start_clean() {
  int fd = 0;
  do {
    fd = ::open("/dev/null", O_RDWR);
  } while (fd >= 0 && fd <= 2);
  (void)::close(fd);
  (void)::signal(SIGCHLD, SIG_DFL);
  (void)::setenv("NO_COLOR", "1", 1);
}

void become_subreaper() {
  (void)::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
}

bool reap() {
  pid_t reaped = 0;
  do {
    reaped = ::waitpid(-1, nullptr, WNOHANG | __WALL);
  } while (reaped > 0 || (reaped < 0 && errno == EINTR));
  return reaped == 0;
}

std::vector<Process> descendants() {
  std::vector<Process> everybody;
  for_each_pid([&everybody](pid_t pid) {
    if (const auto process = look_at(pid)) everybody.push_back(*process);
  });
  // A process may have a lower number than its parent: until nothing is added.
  std::set<pid_t> ours{::getpid()};
  std::size_t before = 0;
  while (before != ours.size()) {
    before = ours.size();
    for (const Process& process : everybody)
      if (ours.count(process.parent) != 0) ours.insert(process.pid);
  }
  ours.erase(::getpid());
  std::erase_if(everybody,
                [&ours](const Process& process) { return ours.count(process.pid) == 0; });
  return everybody;
}

std::set<std::string> roles_alive(const std::string& directory) {
  std::set<std::string> roles;
  for_each_pid([&roles, &directory](pid_t pid) {
    const auto found = member(pid);
    if (found && found->directory == directory) roles.insert(found->role);
  });
  return roles;
}

bool end_all() {
  ChildBell bell;
  Patience patience;
  const std::string children_file = "task/" + std::to_string(::getpid()) + "/children";
  // A process that loses its parent comes here, and with that parent's end, which rings. A look at
  // all processes would take longer than some of them live.
  while (reap()) {
    if (patience.is_over()) return false;
    std::istringstream children(file_of(::getpid(), children_file.c_str()));
    for (pid_t child = 0; children >> child;) (void)::kill(child, SIGKILL);
    bell.wait(list_again);
  }
  return true;
}

void reset_signals() {
  for (int signal = 1; signal < NSIG; ++signal) (void)::signal(signal, SIG_DFL);
  sigset_t none;
  (void)::sigemptyset(&none);
  (void)::sigprocmask(SIG_SETMASK, &none, nullptr);
}

}  // namespace survivors
