// Who stays behind a child that was handed over, what it holds, and what becomes of it.
#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>

#include <algorithm>

#include "cgroups.hpp"
#include "hand_over.hpp"

using namespace tether::test;

namespace {

pid_t keeper_of(const Handed& handed) {
  return handed.record.at("supervisor_pid").get<pid_t>();
}

}  // namespace

KERNEL_TEST_CASE(
    "a keeper of a child that was handed over holds no file that the child's life hangs on") {
  const Cleanup cleanup;
  TemporaryDirectory directory;
  Handed handed =
      handed_over(autokill() + Words{"--status-file=" + directory.path("status"), "--timeout=1h"},
                  probe("sleep"));
  const pid_t keeper = keeper_of(handed);
  CHECK(::getsid(keeper) == keeper);
  CHECK(link_of(keeper, "cwd") == "/");
  CHECK(eventually([&] {
    const auto all = descriptors_of(keeper);
    return std::none_of(all.begin(), all.end(), [&](int fd) {
      return link_of(keeper, "fd/" + std::to_string(fd)).rfind("socket:", 0) == 0;
    });
  }));
  const std::string title =
      "tether: keeper of " + std::to_string(handed.pid()) + ": " + tool("probe");
  CHECK(std::string(read_file(proc(keeper, "cmdline")).c_str()) == title);
  const pid_t pid = handed.pid();
  handed.descriptors.clear();
  CHECK(is_gone(pid));
  const auto records = records_in(directory.path("status"), 2);
  CHECK(records[1].at("signal") == "SIGKILL");
  // Of the kernel's own SIGKILL nobody tells whose it is.
  CHECK(records[1].at("cause") == (kernel_has_flags() ? "command" : "holder"));
  CHECK(records[1].at("escalated") == false);
  CHECK(is_gone(keeper));
  CHECK(OrphanCollector().all_are_gone());
}

KERNEL_TEST_CASE("a timeout ends a child that was handed over, and its pidfd tells") {
  const Cleanup cleanup;
  for (const Words& more : {Words{}, autokill()}) {
    CAPTURE(joined(more));
    const Handed handed = handed_over(more + Words{"--timeout=200ms"}, probe("sleep"));
    CHECK(handed.record.at("guarantees").at("supervisor").is_string());
    CHECK(eventually([&] { return tether::has_ended(handed.pidfd()); }));
    CHECK(OrphanCollector().all_are_gone());
  }
}

KERNEL_TEST_CASE("SIGKILL of the keeper ends a child that it watches over, and leaves nothing") {
  for (const Words& more : {autokill(), autokill() + Words{"--timeout=1h"},
                            Words{"--autokill", "--nnp", "--timeout=1h"}, Words{"--timeout=1h"}}) {
    CAPTURE(joined(more));
    const Cleanup cleanup;
    const Handed handed = handed_over(more, probe("sleep"));
    // With the kernel's autokill alone nobody stays.
    if (handed.record.at("supervisor_pid").is_null()) continue;
    REQUIRE(::kill(keeper_of(handed), SIGKILL) == 0);
    CHECK(eventually([&] { return tether::has_ended(handed.pidfd()); }));
    CHECK(OrphanCollector().all_are_gone());
  }
}

KERNEL_TEST_CASE("a keeper ends with the child although somebody still holds the pidfd") {
  for (const Words& more : {Words{}, Words{"--timeout=1h"}}) {
    const Cleanup cleanup;
    const Handed handed = handed_over(autokill() + more, probe("sleep"));
    REQUIRE(tether::send_signal(handed.pidfd(), SIGKILL));
    CHECK(OrphanCollector().all_are_gone());
    CHECK(handed.descriptors.size() == expected_descriptors());
  }
}

KERNEL_TEST_CASE("whoever kills what waits for the last close changes nothing") {
  SKIP_UNLESS(!kernel_has_flags(), "the kernel itself ends the child here");
  SKIP_UNLESS(kernel_is_at_least(6, 9), "a pidfd cannot be locked before Linux 6.9");
  const Cleanup cleanup;
  Answering answering;
  Handed handed = handed_over(autokill() + answering.to(), Answering::command());
  answering.await_start();
  const pid_t keeper = keeper_of(handed);
  for (int round = 0; round < 3; ++round) {
    const auto before = children_of(keeper);
    for (const pid_t each : before)
      if (each != handed.pid()) REQUIRE(::kill(each, SIGKILL) == 0);
    // As many others take their places.
    REQUIRE(eventually([&] {
      const auto after = children_of(keeper);
      const auto is_new = [&](pid_t each) {
        return state_of(each) == 'S' &&
               std::find(before.begin(), before.end(), each) == before.end();
      };
      return static_cast<std::size_t>(std::count_if(after.begin(), after.end(), is_new)) ==
             before.size() - 1;
    }));
    CHECK(answering.lives(handed.pid()));
  }
  const pid_t pid = handed.pid();
  handed.descriptors.clear();
  CHECK(is_gone(pid));
  CHECK(OrphanCollector().all_are_gone());
}

KERNEL_TEST_CASE("a status descriptor is a child's end to poll and select and epoll") {
  for (const Words& more : {Words{}, autokill()}) {
    CAPTURE(joined(more));
    const Cleanup cleanup;
    Connection status = Connection::pipe(1);
    Setup setup;
    setup.before_exec = [end = status.theirs.get()] { (void)::dup2(end, 9); };
    const Handed handed =
        handed_over(more + Words{"--status-fd=9"}, probe("term", {"3"}), SOCK_SEQPACKET, setup);
    status.theirs.reset();
    const int fd = status.ours.get();
    // The start record comes first.
    REQUIRE(eventually([&] { return !status.read_available().empty(); }));
    pollfd readable{fd, POLLIN, 0};
    CHECK(::poll(&readable, 1, 0) == 0);
    REQUIRE(probe_sits(handed.pid()));
    REQUIRE(tether::send_signal(handed.pidfd(), SIGTERM));
    CHECK(::poll(&readable, 1, 30000) == 1);
    fd_set set;
    FD_ZERO(&set);
    FD_SET(fd, &set);
    timeval bound{30, 0};
    CHECK(::select(fd + 1, &set, nullptr, nullptr, &bound) == 1);
    const tether::UniqueFd epoll(::epoll_create1(EPOLL_CLOEXEC));
    epoll_event event{};
    event.events = EPOLLIN;
    REQUIRE(::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, fd, &event) == 0);
    CHECK(::epoll_wait(epoll.get(), &event, 1, 30000) == 1);
    const auto records = parse_records(status.read_to_end());
    REQUIRE(records.size() == 1);
    CHECK(records[0].at("record") == "exit");
    CHECK(records[0].at("code") == "exited");
    CHECK(records[0].at("status") == 3);
    CHECK(records[0].at("user_s").is_number());
    CHECK(records[0].at("system_s").is_number());
    CHECK(OrphanCollector().all_are_gone());
  }
}

KERNEL_TEST_CASE("a tree in a cgroup ends with the pidfd that was handed over") {
  const auto suite = cgroups_of_suite();
  SKIP_UNLESS(suite, "this user may make no cgroup here");
  CgroupPlace place(*suite);
  TemporaryDirectory directory;
  const std::string out = directory.path("out");
  Handed handed =
      handed_over(autokill() + Words{"--tree", "--cgroup=" + place.path(), "--stdout=" + out},
                  {"--", "/bin/sh", "-c",
                   "setsid " + tool("probe") + " sleep & exec " + tool("probe") + " sleep"});
  REQUIRE(eventually([&] { return read_file(out) == "ready\nready\n"; }));
  const pid_t pid = handed.pid();
  handed.descriptors.clear();
  CHECK(is_gone(pid));
  CHECK(OrphanCollector().all_are_gone());
  CHECK(eventually([&] { return !exists(place.path()); }));
}
