// --exec: the same setup without a child.
#include <doctest/doctest.h>
#include <unistd.h>

#include <csignal>

#include "harness.hpp"

using namespace tether::test;

TEST_CASE("in place tether becomes COMMAND with the same pid") {
  Running running(Words{"--exec", "--nnp", "--chdir=/", "--umask=007", "--env=X=1"} +
                  probe("identity"));
  const std::string pid = std::to_string(running.pid());
  running.close_input();
  const Finished finished = running.wait();
  CHECK(finished.exit_code == 0);
  CHECK(finished.out.find("pid " + pid + "\n") == 0);
  CHECK(finished.out.find("umask 007\ncwd /\n") != std::string::npos);
}

TEST_CASE("in place the status and the signals are COMMAND's own") {
  CHECK(run(Words{"--exec"} + probe("exit", {"9"})).exit_code == 9);
  CHECK(run(Words{"--exec"} + probe("kill", {"15"})).signal == SIGTERM);
  CHECK(run({"--exec", "/no/such"}).exit_code == 127);
  CHECK(run({"--exec", "/no/such"}).err ==
        "tether: cannot run '/no/such': No such file or directory\n");
  CHECK(run({"--exec", "/dev/null"}).exit_code == 126);
}

TEST_CASE("in place a session is made where that is possible and refused where not") {
  const Finished made = run(Words{"--exec", "--setsid"} + probe("identity"));
  CHECK(made.exit_code == 0);
  Setup leader;
  leader.before_exec = [] { (void)::setpgid(0, 0); };
  const Finished refused = run(Words{"--exec", "--setsid"} + probe("identity"), leader);
  CHECK(refused.exit_code == 125);
  CHECK(refused.err.rfind("tether: cannot start a session: Operation not permitted\ntether: hint: ",
                          0) == 0);
  // Leading a group already is what --setpgid asks for.
  CHECK(run(Words{"--exec", "--setpgid"} + probe("exit", {"0"}), leader).exit_code == 0);
}
