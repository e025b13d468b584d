#include "rounds.hpp"

#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <random>
#include <sstream>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "child_bell.hpp"
#include "folder.hpp"
#include "patience.hpp"
#include "processes.hpp"
#include "sys/unique_fd.hpp"

namespace survivors {
namespace {

using Clock = std::chrono::steady_clock;
using Milliseconds = std::chrono::milliseconds;
using Random = std::mt19937_64;

// One of the steps of the job may be gone before it can be killed; most are not.
constexpr std::size_t rounds_for_a_kill = 20;
// A process that reaps itself (--autoreap) ends without SIGCHLD.
constexpr Milliseconds unannounced{100};

[[noreturn]] void be_script(const Job& job, const std::string& folder) {
  reset_signals();
  const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  for (int fd = 0; fd <= 2; ++fd) (void)::dup2(null, fd);
  std::vector<char*> argv;
  for (const std::string* word : {&job.script, &job.family, &folder})
    argv.push_back(const_cast<char*>(word->c_str()));
  for (const std::string& word : job.tether) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  (void)::execv(argv[0], argv.data());
  ::_exit(127);
}

// The running script. No other code reaps it, so its number stays its own until has_ended().
class Script {
 public:
  Script(const Job& job, const std::string& folder) : pid_(::fork()) {
    if (pid_ < 0) throw std::system_error(errno, std::generic_category(), "fork");
    if (pid_ == 0) be_script(job, folder);
  }

  [[nodiscard]] pid_t pid() const { return pid_; }

  // Reaps orphans on the way, for some processes wait for that.
  bool has_ended() {
    int status = 0;
    pid_t reaped = 0;
    while (!has_ended_ && (reaped = ::waitpid(-1, &status, WNOHANG | __WALL)) > 0) {
      if (reaped != pid_) continue;
      has_ended_ = true;
      status_ = status;
    }
    return has_ended_;
  }

  [[nodiscard]] bool was_complete() const { return has_ended_ && status_ == 0; }

 private:
  pid_t pid_;
  bool has_ended_ = false;
  int status_ = 0;
};

// Whether it ends by itself before then.
bool ends_before(Script& script, Clock::time_point moment, ChildBell& bell) {
  while (!script.has_ended()) {
    if (Clock::now() >= moment) return false;
    bell.wait(moment - Clock::now());
  }
  return true;
}

bool ends_at_last(Script& script, ChildBell& bell) {
  Patience patience;
  while (!script.has_ended()) {
    if (patience.is_over()) return script.has_ended();
    bell.wait(patience.step());
  }
  return true;
}

// By their names: tether itself, and what it leaves behind or makes to help it.
bool is_of_tether(const std::string& name) {
  return name == "tether" || name == "child-watchdog" || name == "warden" || name == "lock-waiter";
}

// One of tether's processes that may be the victim, if there is any.
class Target {
 public:
  Target(const Script& script, bool any, Random& random) {
    std::vector<pid_t> found;
    for (const Process& process : descendants())
      if (any ? is_of_tether(process.name)
              : process.name == "tether" && process.parent == script.pid())
        found.push_back(process.pid);
    if (found.empty()) return;
    const auto index = std::uniform_int_distribution<std::size_t>(0, found.size() - 1)(random);
    pidfd_.reset(static_cast<int>(::syscall(SYS_pidfd_open, found[index], 0)));
  }

  explicit operator bool() const { return static_cast<bool>(pidfd_); }

  // False if it has ended by itself. Never anybody who has got its number since.
  [[nodiscard]] bool kill() const {
    return ::syscall(SYS_pidfd_send_signal, pidfd_.get(), SIGKILL, nullptr, 0) == 0;
  }

 private:
  tether::UniqueFd pidfd_;
};

bool kill_script(const Script& script) {
  return ::kill(script.pid(), SIGKILL) == 0;
}

bool kill_both(const Script& script, Random& random) {
  const Target target(script, false, random);
  const bool script_first = std::uniform_int_distribution(0, 1)(random) != 0;
  const auto gap = std::uniform_int_distribution<useconds_t>(0, 30000)(random);
  if (!target) return false;
  if (script_first)
    (void)kill_script(script);
  else
    (void)target.kill();
  (void)::usleep(gap);
  return script_first ? target.kill() : kill_script(script);
}

bool strike(const Script& script, Victim victim, Random& random) {
  if (victim == Victim::script) return kill_script(script);
  if (victim == Victim::both) return kill_both(script, random);
  const Target target(script, victim == Victim::any, random);
  return target && target.kill();
}

std::vector<std::string> names_of_descendants() {
  std::vector<std::string> names;
  for (const Process& process : descendants()) names.push_back(process.name);
  return names;
}

// Who is left: none, once there is no child; else those that are there when the time is over.
std::vector<std::string> await_none(Bound bound, ChildBell& bell) {
  Patience patience(bound);
  while (reap()) {
    if (patience.is_over()) {
      const std::vector<std::string> names = names_of_descendants();
      if (!reap()) return {};
      return names.empty() ? std::vector<std::string>{"a process without a name"} : names;
    }
    bell.wait(unannounced);
  }
  return {};
}

void finish(const Job& job, Outcome& outcome, ChildBell& bell) {
  outcome.survivors = await_none(job.wants_none ? Bound{} : Bound{Milliseconds(1000), 0}, bell);
  outcome.cleared = end_all();
}

Outcome play_undisturbed(const Job& job) {
  Outcome outcome;
  outcome.is_undisturbed = true;
  const Folder folder("job");
  ChildBell bell;
  const auto start = Clock::now();
  Script script(job, folder.path());
  outcome.ended = ends_at_last(script, bell);
  outcome.moment = std::chrono::duration_cast<Milliseconds>(Clock::now() - start);
  finish(job, outcome, bell);
  if (!outcome.ended || !script.was_complete()) throw std::runtime_error("the job does not run");
  return outcome;
}

Outcome play(const Job& job, Milliseconds length, Random& random) {
  Outcome outcome;
  const std::chrono::microseconds moment(
      std::uniform_int_distribution<std::int64_t>(0, length.count() * 1000)(random));
  outcome.moment = std::chrono::duration_cast<Milliseconds>(moment);
  const Folder folder("job");
  ChildBell bell;
  Script script(job, folder.path());
  const auto start = Clock::now();
  outcome.was_over = ends_before(script, start + moment, bell);
  if (outcome.was_over)
    outcome.moment = std::chrono::duration_cast<Milliseconds>(Clock::now() - start);
  else
    outcome.hit = strike(script, job.victim, random);
  outcome.ended = ends_at_last(script, bell);
  finish(job, outcome, bell);
  return outcome;
}

}  // namespace

std::vector<Outcome> play_rounds(const Job& job, std::size_t kills, std::uint64_t seed) {
  become_subreaper();
  Random random(seed);
  std::vector<Outcome> outcomes{play_undisturbed(job)};
  Milliseconds length = outcomes.front().moment;
  std::size_t hits = 0;
  while (hits < kills && outcomes.size() <= rounds_for_a_kill * kills) {
    outcomes.push_back(play(job, length, random));
    const Outcome& outcome = outcomes.back();
    if (outcome.hit) ++hits;
    // The machine is quicker now than when the length was taken.
    if (outcome.was_over) length = outcome.moment;
  }
  return outcomes;
}

std::string to_text(const std::vector<Outcome>& outcomes) {
  std::ostringstream text;
  for (const Outcome& outcome : outcomes) {
    text << outcome.moment.count() << ' ' << outcome.hit << ' ' << outcome.is_undisturbed << ' '
         << outcome.ended << ' ' << outcome.cleared << ' ' << outcome.survivors.size() << '\n';
    for (const std::string& name : outcome.survivors) text << name << '\n';
  }
  return text.str();
}

std::vector<Outcome> outcomes_from_text(const std::string& text) {
  std::vector<Outcome> outcomes;
  std::istringstream lines(text);
  std::int64_t moment = 0;
  while (lines >> moment) {
    Outcome outcome;
    std::size_t survivors = 0;
    lines >> outcome.hit >> outcome.is_undisturbed >> outcome.ended >> outcome.cleared >> survivors;
    outcome.moment = Milliseconds(moment);
    lines.ignore();
    outcome.survivors.resize(survivors);
    for (std::string& name : outcome.survivors) std::getline(lines, name);
    outcomes.push_back(std::move(outcome));
  }
  return outcomes;
}

}  // namespace survivors
