// What a pidfd that was handed over does to the child's life: the semantics of its open file, the
// same where the kernel ends the child and where a keeper does.
#include <sys/syscall.h>
#include <sys/wait.h>

#include "hand_over.hpp"
#include "namespace.hpp"

using namespace tether::test;

namespace {

struct Held {
  Answering answering;
  Handed handed;
  explicit Held(const Words& more = {})
      : handed(handed_over(autokill() + more + answering.to(), Answering::command())) {
    answering.await_start();
  }
  bool lives() { return answering.lives(handed.pid()); }
  bool ends() { return is_gone(handed.pid()) && OrphanCollector().all_are_gone(); }
};

tether::UniqueFd copy_of(const tether::UniqueFd& fd) {
  return tether::UniqueFd(::fcntl(fd.get(), F_DUPFD_CLOEXEC, 3));
}

std::vector<tether::UniqueFd> copies_of(const std::vector<tether::UniqueFd>& descriptors) {
  std::vector<tether::UniqueFd> copies;
  copies.reserve(descriptors.size());
  for (const tether::UniqueFd& fd : descriptors) copies.push_back(copy_of(fd));
  return copies;
}

void send_on(const Handed& handed, const Channel& onward) {
  const auto& held = handed.descriptors;
  const int second = held.size() > 1 ? held[1].get() : -1;
  REQUIRE(tether::send_with_descriptors(onward.ours.get(), "x", 1, {held[0].get(), second}) == 1);
}

// A process that has a copy of everything this one has open, until it is killed.
pid_t fork_holder() {
  const pid_t pid = ::fork();
  if (pid == 0)
    while (true) ::pause();
  return pid;
}

void kill_holder(pid_t holder) {
  REQUIRE(::kill(holder, SIGKILL) == 0);
  REQUIRE(::waitpid(holder, nullptr, 0) == holder);
}

}  // namespace

KERNEL_TEST_CASE("a held child ends when the only copy of its pidfd is closed") {
  const Cleanup cleanup;
  Held held;
  CHECK(held.lives());
  held.handed.descriptors.clear();
  CHECK(held.ends());
}

KERNEL_TEST_CASE("a held child ends with the last of several copies and no sooner") {
  const Cleanup cleanup;
  Held held;
  auto second = copies_of(held.handed.descriptors);
  auto third = copies_of(held.handed.descriptors);
  held.handed.descriptors.clear();
  CHECK(held.lives());
  second.clear();
  CHECK(held.lives());
  third.clear();
  CHECK(held.ends());
}

KERNEL_TEST_CASE("a copy that a fork has made holds the child until that process is gone") {
  const Cleanup cleanup;
  Held held;
  const pid_t holder = fork_holder();
  held.handed.descriptors.clear();
  CHECK(held.lives());
  kill_holder(holder);
  CHECK(held.ends());
}

KERNEL_TEST_CASE("SIGKILL of the only holder ends the child") {
  const Cleanup cleanup;
  Held held;
  const pid_t first = fork_holder();
  held.handed.descriptors.clear();
  kill_holder(first);
  CHECK(held.ends());
}

KERNEL_TEST_CASE("another pidfd of the same process neither holds the child nor ends it") {
  const Cleanup cleanup;
  Held held;
  tether::UniqueFd other(tether::open_pidfd(held.handed.pid()));
  REQUIRE(other);
  other.reset();
  CHECK(held.lives());
  other.reset(tether::open_pidfd(held.handed.pid()));
  held.handed.descriptors.clear();
  CHECK(eventually([&] { return tether::has_ended(other.get()); }));
  CHECK(held.ends());
}

KERNEL_TEST_CASE("a pidfd in flight holds the child, and goes with the socket that nobody reads") {
  const Cleanup cleanup;
  Held held;
  Channel onward(SOCK_STREAM);
  send_on(held.handed, onward);
  held.handed.descriptors.clear();
  onward.ours.reset();
  CHECK(held.lives());
  onward.theirs.reset();
  CHECK(held.ends());
}

KERNEL_TEST_CASE("a pidfd that was sent on is held by whoever has received it") {
  const Cleanup cleanup;
  Held held;
  Channel onward(SOCK_STREAM);
  send_on(held.handed, onward);
  Message message = receive(onward.theirs.get());
  held.handed.descriptors.clear();
  onward.ours.reset();
  onward.theirs.reset();
  CHECK(held.lives());
  message.descriptors.clear();
  CHECK(held.ends());
}

KERNEL_TEST_CASE("a stopped child ends with its pidfd as well") {
  const Cleanup cleanup;
  Held held;
  REQUIRE(tether::send_signal(held.handed.pidfd(), SIGSTOP));
  REQUIRE(eventually([&] { return state_of(held.handed.pid()) == 'T'; }));
  held.handed.descriptors.clear();
  CHECK(held.ends());
}

KERNEL_TEST_CASE("a held child that has changed its user ends as well") {
  SKIP_UNLESS(is_root(), "needs root");
  const Cleanup cleanup;
  TemporaryDirectory directory;
  const std::string out = directory.path("out");
  for (const Words& more : {Words{}, Words{"--nnp"}}) {
    Handed handed = handed_over(Words{"--autokill", "--truncate", "--stdout=" + out} + more,
                                probe("setuid", {"12345"}));
    REQUIRE(eventually([&] { return read_file(out) == "ready\n"; }));
    const pid_t pid = handed.pid();
    handed.descriptors.clear();
    CHECK(is_gone(pid));
    CHECK(OrphanCollector().all_are_gone());
  }
}

KERNEL_TEST_CASE("a child that wants the lock on its own pidfd does not live longer for it") {
  const Cleanup cleanup;
  TemporaryDirectory directory;
  const std::string out = directory.path("out");
  Handed handed = handed_over(autokill() + Words{"--stdout=" + out}, probe("lock"));
  REQUIRE(eventually([&] { return read_file(out).rfind("locking\n", 0) == 0; }));
  REQUIRE(eventually([&] { return state_of(handed.pid()) == 'S'; }));
  const pid_t pid = handed.pid();
  handed.descriptors.clear();
  CHECK(is_gone(pid));
  CHECK(OrphanCollector().all_are_gone());
}

KERNEL_TEST_CASE("what a held child has started lives on without a tree, in its group or not") {
  const Cleanup cleanup;
  TemporaryDirectory directory;
  const std::string out = directory.path("out");
  Handed handed = handed_over(autokill() + Words{"--setsid", "--stdout=" + out}, probe("fork"));
  REQUIRE(eventually([&] { return read_file(out) == "ready\n"; }));
  const auto started = children_of(handed.pid());
  REQUIRE(started.size() == 1);
  const pid_t pid = handed.pid();
  handed.descriptors.clear();
  CHECK(is_gone(pid));
  CHECK(eventually([&] { return state_of(started[0]) == 'S'; }));
}

KERNEL_TEST_CASE("what a held child has started in its namespace ends with the pidfd") {
  SKIP_UNLESS(has_namespaces(), "no PID namespace can be had here");
  const Cleanup cleanup;
  TemporaryDirectory directory;
  const std::string out = directory.path("out");
  Handed handed =
      handed_over(autokill() + Words{"--pid-namespace", "--stdout=" + out},
                  {"--", "/bin/sh", "-c",
                   "setsid " + tool("probe") + " sleep & exec " + tool("probe") + " sleep"});
  REQUIRE(eventually([&] { return read_file(out) == "ready\nready\n"; }));
  CHECK(handed.record.at("guarantees").at("tree") == "pid-namespace");
  CHECK(handed.record.at("guarantees").at("autokill") == expected_watch());
  const pid_t init = handed.record.at("init_pid").get<pid_t>();
  CHECK(tether::pid_of(handed.pidfd()) == init);
  const pid_t pid = handed.pid();
  handed.descriptors.clear();
  CHECK(is_gone(pid));
  CHECK(is_gone(init));
  CHECK(OrphanCollector().all_are_gone());
}
