// Signals that tether's caller ignores, as nohup and a shell's & have it, are ignored by COMMAND.
#include <doctest/doctest.h>

#include <csignal>
#include <string>

#include "detached.hpp"

using namespace tether::test;

namespace {

constexpr const char* hup_int_quit = "0000000000000007";

Setup ignoring() {
  Setup setup;
  setup.before_exec = [] {
    for (const int signal : {SIGHUP, SIGINT, SIGQUIT}) (void)::signal(signal, SIG_IGN);
  };
  return setup;
}

}  // namespace

KERNEL_TEST_CASE("ignored HUP INT and QUIT stay ignored for COMMAND in every mode") {
  const Cleanup cleanup;
  for (const Words& ours : {Words{}, Words{"--setsid"}, Words{"--setpgid"}, Words{"--autoreap"},
                            Words{"--autokill", "--nnp"}, Words{"-t1h"}, Words{"--nohup"},
                            Words{"-d"}, Words{"-d", "--status-file=/dev/null"}}) {
    CAPTURE(joined(ours));
    Running running(Words{"-q", "--print-pid", "--log=/dev/null"} + ours + probe("sleep"),
                    ignoring());
    const pid_t child = running.child();
    REQUIRE(probe_sits(child));
    CHECK(status_of(child, "SigIgn") == hup_int_quit);
  }
  for (const Words& ours : {Words{"--reset-signals"}, Words{"-d", "--reset-signals"}}) {
    CAPTURE(joined(ours));
    Running running(Words{"-q", "--print-pid", "--log=/dev/null"} + ours + probe("sleep"),
                    ignoring());
    const pid_t child = running.child();
    REQUIRE(probe_sits(child));
    CHECK(status_of(child, "SigIgn") == "0000000000000000");
  }
  Running in_place(Words{"--exec"} + probe("sleep"), ignoring());
  in_place.expect_output("ready");
  CHECK(status_of(in_place.pid(), "SigIgn") == hup_int_quit);
}

KERNEL_TEST_CASE("what COMMAND ignores is passed on and ends neither") {
  for (const Words& ours : {Words{}, Words{"--setsid"}, Words{"--autoreap"}}) {
    CAPTURE(joined(ours));
    Running running(Words{"--json"} + ours + probe("sleep"), ignoring());
    running.expect_output("ready");
    for (const int signal : {SIGHUP, SIGINT, SIGQUIT}) running.send(signal);
    running.send(SIGTERM);
    CHECK(running.wait().exit_code == 128 + SIGTERM);
  }
}
