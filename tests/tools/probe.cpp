// probe VERB [ARG]... - a COMMAND for the tests that says what it was given, or behaves in one way.
// Static and without dependencies, so that it runs alone in an initramfs.
#include "probe.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>

int number(const char* text) {
  return static_cast<int>(std::strtol(text, nullptr, 10));
}

namespace {

// Every argument as hexadecimal, a line each.
int say_arguments(Words words) {
  for (; *words != nullptr; ++words) {
    for (const char* c = *words; *c != 0; ++c) std::printf("%02x", static_cast<unsigned char>(*c));
    std::printf("\n");
  }
  return 0;
}

int say_environment(Words) {
  for (char** entry = environ; *entry != nullptr; ++entry) std::printf("%s\n", *entry);
  return 0;
}

// The numbers of all open descriptors, found without /proc.
int say_descriptors(Words) {
  rlimit limit{};
  (void)::getrlimit(RLIMIT_NOFILE, &limit);
  const int end = limit.rlim_max > 70000 ? 70000 : static_cast<int>(limit.rlim_max);
  std::string list;
  for (int fd = 0; fd < end; ++fd)
    if (::fcntl(fd, F_GETFD) >= 0) list += std::to_string(fd) + " ";
  std::printf("%s\n", list.c_str());
  return 0;
}

int say_signals(Words) {
  std::uint64_t mask = 0;
  (void)::syscall(SYS_rt_sigprocmask, SIG_BLOCK, nullptr, &mask, sizeof mask);
  std::uint64_t ignored = 0;
  for (int signal = 1; signal <= 64; ++signal) {
    struct {
      void (*handler)(int);
      unsigned long flags;
      void (*restorer)();
      std::uint64_t mask;
    } action{};
    (void)::syscall(SYS_rt_sigaction, signal, nullptr, &action, sizeof mask);
    if (action.handler == SIG_IGN) ignored |= std::uint64_t{1} << (signal - 1);
  }
  std::printf("blocked %016llx\nignored %016llx\n", static_cast<unsigned long long>(mask),
              static_cast<unsigned long long>(ignored));
  return 0;
}

int say_identity(Words) {
  const mode_t mask = ::umask(0);
  char directory[4096] = "";
  (void)!::getcwd(directory, sizeof directory);
  rlimit files{};
  (void)::getrlimit(RLIMIT_NOFILE, &files);
  const int terminal = ::open("/dev/tty", O_RDONLY | O_CLOEXEC);
  std::printf("pid %d\nppid %d\nsid %d\npgrp %d\nuid %u\neuid %u\nnnp %d\numask %03o\ncwd %s\n",
              ::getpid(), ::getppid(), ::getsid(0), ::getpgrp(), ::getuid(), ::geteuid(),
              ::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), mask, directory);
  std::printf("files %llu\nforeground %d\n", static_cast<unsigned long long>(files.rlim_cur),
              terminal >= 0 ? ::tcgetpgrp(terminal) : -1);
  return 0;
}

int leave(Words words) {
  return number(words[0]);
}

int kill_self(Words words) {
  (void)::kill(::getpid(), number(words[0]));
  return 99;
}

int dump_core(Words) {
  const rlimit core{RLIM_INFINITY, RLIM_INFINITY};
  (void)::setrlimit(RLIMIT_CORE, &core);
  std::abort();
}

int burn(Words words) {
  const clock_t end = ::clock() + static_cast<clock_t>(number(words[0])) * CLOCKS_PER_SEC / 1000;
  while (::clock() < end) {
  }
  return 0;
}

void say_ready() {
  (void)!::write(STDOUT_FILENO, "ready\n", 6);
}

int wait_for_ever(Words) {
  say_ready();
  while (true) ::pause();
}

// Until standard input ends.
int wait_for_input(Words) {
  say_ready();
  char byte = 0;
  while (::read(STDIN_FILENO, &byte, 1) > 0) {
  }
  return 0;
}

// Says when it has been continued, until a line comes. A shell's trap would not do: a signal that
// arrives between its look for one and its read() waits there for the line.
int say_continuations(Words) {
  sigset_t continuation;
  (void)::sigemptyset(&continuation);
  (void)::sigaddset(&continuation, SIGCONT);
  (void)::sigprocmask(SIG_BLOCK, &continuation, nullptr);
  const int signals = ::signalfd(-1, &continuation, SFD_CLOEXEC);
  say_ready();
  pollfd watched[] = {{STDIN_FILENO, POLLIN, 0}, {signals, POLLIN, 0}};
  while (watched[0].revents == 0) {
    if (::poll(watched, 2, -1) < 0) continue;
    signalfd_siginfo info{};
    if (watched[1].revents != 0 && ::read(signals, &info, sizeof info) == sizeof info)
      (void)!::write(STDOUT_FILENO, "continued\n", 10);
  }
  char line[64];
  if (::read(STDIN_FILENO, line, sizeof line) <= 0) return 97;
  (void)!::write(STDOUT_FILENO, "over\n", 5);
  return 0;
}

// Says each signal it gets, until SIGUSR2.
int say_signals_received(Words) {
  // By system calls: glibc would keep 32 and 33 to itself.
  const std::uint64_t all = ~std::uint64_t{0};
  (void)::syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, nullptr, sizeof all);
  say_ready();
  while (true) {
    const int signal =
        static_cast<int>(::syscall(SYS_rt_sigtimedwait, &all, nullptr, nullptr, sizeof all));
    if (signal < 0 || signal == SIGCHLD) continue;
    char line[64];
    const int size = std::snprintf(line, sizeof line, "got %d\n", signal);
    if (::write(STDOUT_FILENO, line, static_cast<std::size_t>(size)) != size) return 1;
    if (signal == SIGUSR2) return 0;
  }
}

void wait_for_term() {
  sigset_t term;
  (void)::sigemptyset(&term);
  (void)::sigaddset(&term, SIGTERM);
  (void)::sigprocmask(SIG_BLOCK, &term, nullptr);
  say_ready();
  int signal = 0;
  (void)::sigwait(&term, &signal);
}

// Catches SIGTERM and leaves with a status of its own.
int leave_on_term(Words words) {
  wait_for_term();
  return number(words[0]);
}

// Stops itself when SIGTERM comes, and again whenever it is continued.
int stop_on_term(Words) {
  wait_for_term();
  while (true) (void)::kill(::getpid(), SIGSTOP);
}

// What clears a parent-death signal: changes the credentials, then waits.
int change_user(Words words) {
  if (::setresuid(static_cast<uid_t>(number(words[0])), static_cast<uid_t>(number(words[0])),
                  static_cast<uid_t>(number(words[0]))) != 0)
    return 98;
  return wait_for_ever(words);
}

// A second process in the group says what it gets; this one is deaf, and waits for it.
int fork_one(Words words) {
  sigset_t all;
  (void)::sigfillset(&all);
  (void)::sigprocmask(SIG_SETMASK, &all, nullptr);
  const pid_t pid = ::fork();
  if (pid == 0) return say_signals_received(words);
  int status = 0;
  (void)::waitpid(pid, &status, 0);
  return WEXITSTATUS(status);
}

// Reads from standard input, once.
int say_read(Words) {
  char byte = 0;
  const ssize_t got = ::read(STDIN_FILENO, &byte, 1);
  std::printf("read %s\n", got < 0 ? std::strerror(errno) : got == 0 ? "nothing" : "something");
  return 0;
}

// An orphan: one half of them end before their parent does, the other half after it.
void make_orphan(bool outlives_parent) {
  const pid_t parent = ::fork();
  if (parent != 0) {
    (void)::waitpid(parent, nullptr, 0);
    return;
  }
  int ends[2] = {-1, -1};
  if (::pipe(ends) != 0) ::_exit(1);
  const pid_t orphan = ::fork();
  if (orphan == 0) {
    (void)::close(ends[1]);
    char byte = 0;
    if (outlives_parent) (void)!::read(ends[0], &byte, 1);
    ::_exit(0);
  }
  siginfo_t info{};
  if (!outlives_parent) (void)::waitid(P_PID, static_cast<id_t>(orphan), &info, WEXITED | WNOWAIT);
  ::_exit(0);
}

// Leaves that many orphans behind, and then with a status if there is one.
int leave_orphans(Words words) {
  for (int i = 0; i < number(words[0]); ++i) make_orphan(i % 2 == 0);
  return words[1] != nullptr ? number(words[1]) : wait_for_ever(words);
}

struct Verb {
  const char* name;
  int (*act)(Words);
};

constexpr Verb verbs[] = {
    {"args", say_arguments},  {"env", say_environment},   {"fds", say_descriptors},
    {"signals", say_signals}, {"identity", say_identity}, {"exit", leave},
    {"kill", kill_self},      {"dump", dump_core},        {"burn", burn},
    {"sleep", wait_for_ever}, {"input", wait_for_input},  {"catch", say_signals_received},
    {"term", leave_on_term},  {"setuid", change_user},    {"fork", fork_one},
    {"newline", say_newline}, {"notify", notify},         {"read", say_read},
    {"stop", stop_on_term},   {"orphans", leave_orphans}, {"continued", say_continuations},
    {"lock", lock_self},      {"reap", reap_all},
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 100;
  for (const Verb& verb : verbs)
    if (std::strcmp(verb.name, argv[1]) == 0) return verb.act(argv + 2);
  (void)std::fprintf(stderr, "probe: no verb '%s'\n", argv[1]);
  return 100;
}
