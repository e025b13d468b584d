// family DIR [ROLE] - a family of processes that is hard to end; this process is its `child`.
//
// The others are `group` (in the child's process group), `deaf` (there too, ignores SIGTERM),
// `session1` and `session2` (each leads a session of its own), `daemon` (forked twice, in a session
// of its own) and `comet` (in a session of its own: every few milliseconds it forks its successor
// and exits). All live until they are killed.
//
// As ROLE "leaver" the child returns 0 once all the others are up, and leaves them behind.
//
// Each is found by its command line, which is "family DIR ROLE" and which every user may read, in
// whatever namespace or session it is. A process creates DIR/up.ROLE when it is what it is to be.
// If DIR/alive is a FIFO with a reader, all of them hold its other end: at its hang-up none is
// left. The end of DIR/alive.child is held by the child alone.
//
// Without arguments it ends at once: for those who measure how long a start takes.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>

namespace {

std::string program;
std::string directory;

void nap(int milliseconds) {
  const timespec length{milliseconds / 1000, milliseconds % 1000 * 1000000L};
  (void)::nanosleep(&length, nullptr);
}

// Nobody stays for ever on a machine whose test was killed.
constexpr int life_seconds = 900;

long seconds_now() {
  timespec now{};
  (void)::clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec;
}

std::string mark_of(const std::string& role) {
  return directory + "/up." + role;
}

void say_up(const std::string& role) {
  const int fd = ::open(mark_of(role).c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
  if (fd < 0) {
    std::perror("family");
    std::exit(1);
  }
  (void)::close(fd);
}

[[noreturn]] void stay() {
  while (true) ::pause();
}

[[noreturn]] void become(const char* role) {
  (void)::execl(program.c_str(), program.c_str(), directory.c_str(), role, nullptr);
  std::perror("family");
  ::_exit(1);
}

void start(const char* role) {
  if (::fork() == 0) become(role);
}

void start_daemon() {
  if (::fork() != 0) return;
  (void)::setsid();
  if (::fork() == 0) become("daemon");
  ::_exit(0);
}

// Generation after generation; two of them overlap, so that there is one at every moment.
[[noreturn]] void fly() {
  const long end = seconds_now() + life_seconds;
  say_up("comet");
  while (seconds_now() < end) {
    nap(15);
    if (::fork() > 0) {
      nap(15);
      break;
    }
  }
  ::_exit(0);
}

void start_others() {
  for (const char* role : {"group", "deaf", "session1", "session2", "comet"}) start(role);
  start_daemon();
}

void take_note(int) {}

// Reaps what ends: in a PID namespace this may be the first process. SIGCHLD is let in only while
// there is nothing to reap, so that none is slept through.
[[noreturn]] void be_child() {
  start_others();
  sigset_t child;
  sigset_t none;
  (void)::sigemptyset(&none);
  (void)::sigemptyset(&child);
  (void)::sigaddset(&child, SIGCHLD);
  (void)::sigprocmask(SIG_BLOCK, &child, nullptr);
  (void)::signal(SIGCHLD, take_note);
  say_up("child");
  while (true) {
    while (::waitpid(-1, nullptr, WNOHANG) > 0) {
    }
    (void)::sigsuspend(&none);
  }
}

bool all_are_up() {
  for (const char* role : {"group", "deaf", "session1", "session2", "comet", "daemon"})
    if (::access(mark_of(role).c_str(), F_OK) != 0) return false;
  return true;
}

int be_leaver() {
  start_others();
  say_up("leaver");
  while (!all_are_up()) nap(2);
  return 0;
}

int be(const std::string& role) {
  if (role == "child") be_child();
  if (role == "leaver") return be_leaver();
  if (role.rfind("session", 0) == 0 || role == "comet") (void)::setsid();
  if (role == "deaf") (void)::signal(SIGTERM, SIG_IGN);
  if (role == "comet") fly();
  say_up(role);
  stay();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2 || argc > 3) return 100;
  program = argv[0];
  directory = argv[1];
  (void)::mkdir(directory.c_str(), 0777);
  (void)::alarm(life_seconds);
  if (argc == 2) {
    // Opened once, kept by every process that comes of this one, and the other one by none.
    (void)::open((directory + "/alive").c_str(), O_WRONLY | O_NONBLOCK);
    (void)::open((directory + "/alive.child").c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
  }
  return be(argc == 3 ? argv[2] : "child");
}
