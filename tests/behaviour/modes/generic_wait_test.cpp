// Programs that wait for whatever child there is, and have started a helper through tether: they
// neither reap it nor wait for it. And inits that inherit it, which take its status from nobody.
#include <sys/prctl.h>

#include <cstdlib>

#include "first_process.hpp"
#include "hand_over.hpp"
#include "sys/pidfd.hpp"

using namespace tether::test;

namespace {

// A case that has left a program out counts as skipped.
std::optional<std::string> installed(const std::string& name) {
  for (const char* directory : {"/bin/", "/usr/bin/", "/sbin/", "/usr/sbin/"})
    if (exists(directory + name)) return directory + name;
  skip_this_case(name + " is not installed");
  return std::nullopt;
}

std::string quoted(const Words& words) {
  std::string line;
  for (const std::string& word : words) line += "'" + word + "' ";
  return line;
}

// The ways in which a helper is left to itself, once with and once without a keeper.
std::vector<Words> ways() {
  return {{"--pidfd-fd=7"},
          Words{"--pidfd-fd=7"} + autokill(),
          Words{"--pidfd-fd=7", "--timeout=1h"} + autokill(),
          {"-d", "-q"},
          Words{"-d", "-q"} + autokill()};
}

// The caller's own end: with it open, a helper that is held lives.
struct Caller {
  Channel channel{SOCK_SEQPACKET};
  [[nodiscard]] Setup setup(const Words& words) const {
    Setup setup = channel.given_to();
    setup.before_exec = [inner = setup.before_exec, words] {
      inner();
      std::vector<char*> argv;
      for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
      argv.push_back(nullptr);
      (void)::execv(argv[0], argv.data());
      ::_exit(96);
    };
    return setup;
  }
};

}  // namespace

KERNEL_TEST_CASE("a loop of wait(-1) neither reaps nor waits for a helper of tether's") {
  for (const Words& way : ways()) {
    CAPTURE(joined(way));
    const Cleanup cleanup;
    const Caller caller;
    const Words helper = way + Words{"--log=/dev/null"} + probe("sleep");
    // It reaps the tether that it has called, and nobody else.
    Running running({}, caller.setup(probe("reap", Words{tether_binary()} + helper)));
    const Finished finished = running.wait();
    CHECK(finished.exit_code == 0);
    CHECK(finished.out == "reaped 1, No child processes\n");
    // The helper is alive behind its back.
    CHECK_FALSE(children_of(::getpid()).empty());
  }
}

KERNEL_TEST_CASE(
    "wait without arguments in a shell neither reaps nor waits for a helper of tether's") {
  for (const std::string name : {"bash", "dash", "sh"}) {
    const auto shell = installed(name);
    if (!shell) continue;
    for (const Words& way : ways()) {
      CAPTURE(name);
      CAPTURE(joined(way));
      const Cleanup cleanup;
      const Caller caller;
      const std::string helper =
          quoted(Words{tether_binary()} + way + Words{"--log=/dev/null"} + probe("sleep"));
      std::string script = helper;
      script.append("; echo started $?; ").append(helper).append(" & wait; echo waited $?");
      Running running({}, caller.setup({*shell, "-c", script}));
      const Finished finished = running.wait();
      CHECK(finished.out == "started 0\nwaited 0\n");
      CHECK_FALSE(children_of(::getpid()).empty());
    }
  }
}

KERNEL_TEST_CASE(
    "an init that inherits a helper takes its status from nobody and leaves no zombie") {
  SKIP_UNLESS(can_unshare_pids(), "no PID namespace can be had here");
  for (const std::string name : {"tini", "catatonit"}) {
    const auto init = installed(name);
    if (!init) continue;
    for (const Words& way : {Words{"--pidfd-fd=7"}, Words{"--pidfd-fd=7"} + autokill()}) {
      CAPTURE(name);
      CAPTURE(joined(way));
      const Cleanup cleanup;
      TemporaryDirectory directory;
      Connection status = Connection::pipe(1);
      Channel channel(SOCK_SEQPACKET);
      // The init's own child waits for ever, so that the init stays.
      const Words inner = Words{tether_binary()} + way + Words{"--status-fd=9", "--log=/dev/null"} +
                          probe("exit", {"3"});
      const std::string script =
          quoted(inner) + "; echo started $?; exec " + tool("probe") + " sleep";
      Setup setup = first_process([&] {
        (void)::dup2(channel.theirs.get(), 7);
        (void)::dup2(status.theirs.get(), 9);
        (void)::execl(init->c_str(), init->c_str(), "--", "/bin/sh", "-c", script.c_str(), nullptr);
        ::_exit(96);
      });
      Running running({}, setup);
      running.expect_output("started 0\n");
      channel.theirs.reset();
      const Message message = receive(channel.ours.get());
      CHECK(message.descriptors.size() >= 1);
      status.theirs.reset();
      // Who holds the descriptors learns how it ended, whoever has inherited it.
      CHECK(eventually([&] { return tether::has_ended(message.descriptors[0].get()); }));
      if (tether::has_exit_information())
        CHECK(tether::learn_ending(message.descriptors[0].get(), true).value().exit_code == 3);
      REQUIRE(eventually([&] {
        for (const pid_t each : children_of(init_of(running)))
          if (state_of(each) == 'Z') return false;
        return true;
      }));
    }
  }
}
