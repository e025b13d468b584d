// What tells a process from every other that ever had its number.
#include <doctest/doctest.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <climits>
#include <csignal>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "sys/pidfd.hpp"
#include "sys/processes.hpp"
#include "sys/unique_fd.hpp"

namespace tether {
namespace {

const std::string boot = "5e0b1a0c-8b1f-4a57-9d3c-0123456789ab";
const std::string other_boot = "00000000-0000-4000-8000-000000000000";
constexpr std::uint64_t largest = std::numeric_limits<std::uint64_t>::max();

ProcessIdentity example() {
  return {4242, boot, 4026531836, 987654, 1083};
}

template <typename Field, typename Value>
ProcessIdentity with(Field ProcessIdentity::*field, Value value) {
  ProcessIdentity identity = example();
  identity.*field = value;
  return identity;
}

// "yes", "no", or "unknown".
std::string same(const ProcessIdentity& one, const ProcessIdentity& other) {
  const std::optional<bool> answer = is_same(one, other);
  CHECK(is_same(other, one) == answer);
  return !answer ? "unknown" : *answer ? "yes" : "no";
}

// The name that ps shows, put back at the end.
class NameOfOurs {
 public:
  explicit NameOfOurs(const char* name) {
    ::prctl(PR_GET_NAME, before_);
    ::prctl(PR_SET_NAME, name);
  }
  NameOfOurs(const NameOfOurs&) = delete;
  NameOfOurs& operator=(const NameOfOurs&) = delete;
  ~NameOfOurs() { ::prctl(PR_SET_NAME, before_); }

 private:
  char before_[16] = {};
};

// Of this process, by all that can be looked up.
void check_still(const ProcessIdentity& before) {
  const UniqueFd pidfd(open_pidfd(::getpid()));
  const auto now = identify(::getpid(), pidfd.get());
  CHECK(now.has_value());
  if (now) {
    CHECK(same(before, *now) == "yes");
    CHECK(now->start_time == before.start_time);
  }
  if (::getppid() > 0) CHECK(is_descendant(::getpid(), ::getppid()));
}

ProcessIdentity our_own() {
  const UniqueFd pidfd(open_pidfd(::getpid()));
  REQUIRE(pidfd);
  const auto identity = identify(::getpid(), pidfd.get());
  REQUIRE(identity.has_value());
  return *identity;
}

// A child makes a child and ends; false if that grandchild is no descendant at any moment until the
// kernel has reaped the one between.
bool grandchild_stays_descendant() {
  int ends[2] = {-1, -1};
  if (::pipe(ends) != 0) return false;
  const UniqueFd read_end(ends[0]);
  const UniqueFd write_end(ends[1]);
  const pid_t between = ::fork();
  if (between == 0) {
    const pid_t made = ::fork();
    if (made == 0)
      while (true) ::pause();
    (void)!::write(write_end.get(), &made, sizeof made);
    ::_exit(0);
  }
  pid_t grandchild = -1;
  if (::read(read_end.get(), &grandchild, sizeof grandchild) != sizeof grandchild) return false;
  bool is_below = true;
  while (is_below && ::kill(between, 0) == 0) is_below = is_descendant(grandchild, ::getpid());
  (void)::kill(grandchild, SIGKILL);
  return is_below;
}

}  // namespace

TEST_CASE("an identity reads as written down") {
  CHECK(to_line(example()) == "4242 " + boot + " 4026531836 987654 1083\n");
  CHECK(to_line(with(&ProcessIdentity::pidfs_inode, 0U)) ==
        "4242 " + boot + " 4026531836 987654 0\n");
}

TEST_CASE("an identity comes back from its line as it was") {
  for (const ProcessIdentity& identity :
       {example(), with(&ProcessIdentity::pidfs_inode, 0U), with(&ProcessIdentity::pid, 1),
        with(&ProcessIdentity::start_time, 0U), with(&ProcessIdentity::pid, INT_MAX),
        ProcessIdentity{INT_MAX, boot, largest, largest, largest}}) {
    const std::string line = to_line(identity);
    CAPTURE(line);
    const auto parsed = parse_identity(line);
    REQUIRE(parsed.has_value());
    CHECK(parsed->pid == identity.pid);
    CHECK(parsed->boot == identity.boot);
    CHECK(parsed->pid_namespace == identity.pid_namespace);
    CHECK(parsed->start_time == identity.start_time);
    CHECK(parsed->pidfs_inode == identity.pidfs_inode);
  }
}

TEST_CASE("a line that is no identity is refused") {
  const std::string line = to_line(example());
  // However much of it was written before a crash.
  for (std::size_t length = 0; length < line.size(); ++length) {
    CAPTURE(length);
    CHECK_FALSE(parse_identity(line.substr(0, length)).has_value());
    if (length <= line.rfind(' ') + 1)
      CHECK_FALSE(parse_identity(line.substr(0, length) + "\n").has_value());
  }
  for (const std::string text : {"\n",
                                 "\n\n",
                                 " \n",
                                 "4242\n",
                                 "4242 b\n",
                                 "4242 b 1\n",
                                 "4242 b 1 2\n",
                                 "4242 b 1 2 3",
                                 "4242 b 1 2 3 \n",
                                 "4242 b 1 2 3 4\n",
                                 "4242 b 1 2 3\n\n",
                                 "4242 b 1 2 3\n4242 b 1 2 3\n",
                                 "0 b 1 2 3\n",
                                 "-1 b 1 2 3\n",
                                 "+1 b 1 2 3\n",
                                 "x b 1 2 3\n",
                                 "1x b 1 2 3\n",
                                 "2147483648 b 1 2 3\n",
                                 "4242 b x 2 3\n",
                                 "4242 b -1 2 3\n",
                                 "4242 b 1 -2 3\n",
                                 "4242 b 1 2 -3\n",
                                 "4242 b 1 2.0 3\n",
                                 "4242 b 0x1 2 3\n",
                                 "4242 b 18446744073709551616 2 3\n",
                                 "4242\tb\t1\t2\t3\n",
                                 "4242 b 1 2 3\r\n"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_identity(text).has_value());
  }
  CHECK_FALSE(parse_identity(std::string_view()).has_value());
  CHECK_FALSE(parse_identity(std::string_view("4242 b 1 2 3\0\n", 14)).has_value());
  CHECK_FALSE(parse_identity(std::string(100000, '1') + "\n").has_value());
}

TEST_CASE("two identities are of one process if all that both know is the same") {
  CHECK(same(example(), example()) == "yes");
  for (const std::uint64_t start_time : {987654U, 0U}) {
    ProcessIdentity one = example();
    one.start_time = start_time;
    CHECK(same(one, with(&ProcessIdentity::pid, 4243)) == "no");
    CHECK(same(one, with(&ProcessIdentity::boot, other_boot)) == "no");
    CHECK(same(one, with(&ProcessIdentity::pid_namespace, 4026531837U)) == "no");
    CHECK(same(one, with(&ProcessIdentity::pidfs_inode, 1084U)) == "no");
  }
}

TEST_CASE("the start time decides only where an inode is missing") {
  ProcessIdentity later = with(&ProcessIdentity::start_time, 987655U);
  // The clock of a time namespace starts elsewhere; the inode is the same everywhere.
  CHECK(same(example(), later) == "yes");
  const ProcessIdentity without = with(&ProcessIdentity::pidfs_inode, 0U);
  CHECK(same(example(), without) == "yes");
  CHECK(same(without, without) == "yes");
  CHECK(same(later, without) == "no");
  later.pidfs_inode = 0;
  CHECK(same(later, without) == "no");
  CHECK(same(later, example()) == "no");
}

TEST_CASE("where neither inode nor start time is known nobody can tell") {
  const ProcessIdentity hidden = with(&ProcessIdentity::start_time, 0U);
  ProcessIdentity neither = hidden;
  neither.pidfs_inode = 0;
  CHECK(same(hidden, hidden) == "yes");
  CHECK(same(hidden, example()) == "yes");
  CHECK(same(hidden, with(&ProcessIdentity::pidfs_inode, 0U)) == "unknown");
  CHECK(same(neither, example()) == "unknown");
  CHECK(same(neither, hidden) == "unknown");
  CHECK(same(neither, neither) == "unknown");
  neither.boot = other_boot;
  CHECK(same(neither, example()) == "no");
}

TEST_CASE("this process is identified by what the kernel says of it") {
  const ProcessIdentity identity = our_own();
  CHECK(identity.pid == ::getpid());
  CHECK(identity.boot.size() == boot.size());
  struct stat space {};
  REQUIRE(::stat("/proc/self/ns/pid", &space) == 0);
  CHECK(identity.pid_namespace == space.st_ino);
  timespec now{};
  REQUIRE(::clock_gettime(CLOCK_BOOTTIME, &now) == 0);
  const auto ticks = static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
  const std::uint64_t uptime = static_cast<std::uint64_t>(now.tv_sec + 1) * ticks;
  CHECK(identity.start_time > 0);
  CHECK(identity.start_time <= uptime);
  // Not one of the other numbers of its line: the tests do not take an hour.
  CHECK(identity.start_time + 3600 * ticks > uptime);
  const UniqueFd pidfd(open_pidfd(::getpid()));
  CHECK(identity.pidfs_inode == pidfs_inode(pidfd.get()).value_or(0));
}

TEST_CASE("a process stays the same whatever it calls itself") {
  const ProcessIdentity before = our_own();
  for (const std::string name : {") S 1 1 1", "a) b (c", "(((", ")))))", "a b c d", ""}) {
    CAPTURE(name);
    const NameOfOurs renamed(name.c_str());
    check_still(before);
  }
}

TEST_CASE("a process stays the same though its name has more than one line") {
  const ProcessIdentity before = our_own();
  for (const std::string name : {"\n", "x\ny", "\n)\n", ")\n S 1 1"}) {
    CAPTURE(name);
    const NameOfOurs renamed(name.c_str());
    check_still(before);
  }
}

TEST_CASE("a number that went to another process is no identity") {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  REQUIRE(child > 0);
  const UniqueFd pidfd(open_pidfd(child));
  REQUIRE(::waitpid(child, nullptr, 0) == child);
  REQUIRE(pidfd);
  CHECK_FALSE(identify(child, pidfd.get()).has_value());
  // As if this process had got it.
  CHECK_FALSE(identify(::getpid(), pidfd.get()).has_value());
}

TEST_CASE("a descendant is one while the process between the two ends") {
  // In a process of its own, which inherits and which nothing has to wait for.
  const pid_t ancestor = ::fork();
  if (ancestor == 0) {
    (void)::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    (void)::signal(SIGCHLD, SIG_IGN);
    for (int round = 0; round < 200; ++round)
      if (!grandchild_stays_descendant()) ::_exit(1);
    ::_exit(0);
  }
  int status = -1;
  REQUIRE(::waitpid(ancestor, &status, 0) == ancestor);
  CHECK(status == 0);
}

TEST_CASE("a descendant is below and neither beside nor above") {
  const pid_t self = ::getpid();
  const pid_t parent = ::getppid();
  CHECK_FALSE(is_descendant(self, self));
  CHECK_FALSE(is_descendant(parent, self));
  CHECK_FALSE(is_descendant(1, self));
  CHECK_FALSE(is_descendant(INT_MAX, self));
  CHECK_FALSE(is_descendant(-1, self));
  CHECK_FALSE(is_descendant(self, INT_MAX));
  CHECK_FALSE(is_descendant(self, -1));
  if (parent <= 0) {
    MESSAGE("skipped in part: the parent is outside this PID namespace");
    return;
  }
  CHECK(is_descendant(self, parent));
  CHECK_FALSE(is_descendant(1, parent));
}

}  // namespace tether
