// Staying with the child: its status, its signals, its end.
#include <doctest/doctest.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include <csignal>

#include "harness.hpp"

using namespace tether::test;

TEST_CASE("the exit status is COMMAND's own") {
  for (const int status : {0, 1, 2, 124, 125, 126, 127, 128, 255}) {
    CAPTURE(status);
    CHECK(run(probe("exit", {std::to_string(status)})).exit_code == status);
  }
}

TEST_CASE("a child killed by a signal gives 128 plus its number") {
  for (const int signal : {SIGTERM, SIGKILL, SIGHUP, SIGUSR1, SIGPIPE, SIGALRM, 34, 64}) {
    CAPTURE(signal);
    const Finished finished = run(probe("kill", {std::to_string(signal)}));
    CHECK(finished.exit_code == 128 + signal);
    CHECK(finished.signal == 0);
  }
}

KERNEL_TEST_CASE("a child that died of SIGINT or SIGQUIT takes tether with it by the same signal") {
  for (const int signal : {SIGINT, SIGQUIT}) {
    CAPTURE(signal);
    CHECK(run(probe("kill", {std::to_string(signal)})).signal == signal);
    CHECK(run(Words{"--autoreap"} + probe("kill", {std::to_string(signal)})).signal == signal);
  }
}

TEST_CASE("a status named a success becomes 0 and no other does") {
  CHECK(run(Words{"--success-status=143"} + probe("kill", {"15"})).exit_code == 0);
  CHECK(
      run(Words{"--success-status=3", "--success-status", "5"} + probe("exit", {"5"})).exit_code ==
      0);
  CHECK(run(Words{"--success-status=3"} + probe("exit", {"4"})).exit_code == 4);
  const Finished interrupted = run(Words{"--success-status=130"} + probe("kill", {"2"}));
  CHECK(interrupted.exit_code == 0);
  CHECK(run({"--success-status=127", "/nosuch/program"}).exit_code == 127);
}

KERNEL_TEST_CASE("every catchable signal sent to tether reaches the child once") {
  for (const Words& ours : {Words{}, Words{"--setsid"}, Words{"--autoreap"}}) {
    CAPTURE(ours);
    Running running(ours + probe("catch"));
    running.expect_output("ready");
    std::string expected = "ready\n";
    for (int signal = 1; signal <= 64; ++signal) {
      // These two cannot be caught; SIGUSR2 ends this COMMAND, which does not tell of SIGCHLD.
      if (signal == SIGKILL || signal == SIGSTOP || signal == SIGUSR2 || signal == SIGCHLD)
        continue;
      running.send(signal);
      expected += "got " + std::to_string(signal) + "\n";
      running.expect_output(expected);
    }
    running.send(SIGUSR2);
    const Finished finished = running.wait();
    CHECK(finished.out == expected + "got " + std::to_string(SIGUSR2) + "\n");
    CHECK(finished.exit_code == 0);
  }
}

TEST_CASE("a group of its own gets signals as a whole") {
  Running running(Words{"--setpgid"} + probe("fork"));
  running.expect_output("ready");
  // The one that says so is not COMMAND but a process it made.
  running.send(SIGTERM);
  running.expect_output("got 15");
  running.send(SIGUSR2);
  CHECK(running.wait().exit_code == 0);
}

KERNEL_TEST_CASE("every member of the child's own group gets every catchable signal once") {
  for (const Words& ours :
       {Words{"--setpgid"}, Words{"--setsid"}, Words{"--setsid", "--autoreap"}}) {
    CAPTURE(ours);
    Running running(
        ours + Words{"--", "/bin/sh", "-c", "\"$0\" catch & exec \"$0\" catch", tool("probe")});
    std::string line = "ready\n";
    const auto lines = [&] {
      std::size_t count = 0;
      for (std::size_t at = running.out().find(line); at != std::string::npos;
           at = running.out().find(line, at + 1))
        ++count;
      return count;
    };
    running.expect_output("ready\nready\n");
    for (int signal = 1; signal <= 64; ++signal) {
      if (signal == SIGKILL || signal == SIGSTOP || signal == SIGUSR2 || signal == SIGCHLD)
        continue;
      running.send(signal);
      line = "got " + std::to_string(signal) + "\n";
      running.expect_output(line + line);
    }
    running.send(SIGUSR2);
    CHECK(running.wait().exit_code == 0);
    for (int signal = 1; signal <= 64; ++signal) {
      CAPTURE(signal);
      line = "got " + std::to_string(signal) + "\n";
      const bool is_told = signal != SIGKILL && signal != SIGSTOP && signal != SIGCHLD;
      // At the last one the other member may be a little behind COMMAND, with which tether ends.
      if (signal != SIGUSR2) CHECK(lines() == (is_told ? 2 : 0));
    }
  }
}

TEST_CASE("an alarm that tether inherited is passed on") {
  Setup setup;
  // Set by the caller and kept through exec, as `perl -e 'alarm 1; exec @ARGV'` does.
  setup.before_exec = [] {
    // Long enough for a slow machine to have started tether by then.
    const itimerval soon{{0, 0}, {1, 500000}};
    (void)::setitimer(ITIMER_REAL, &soon, nullptr);
  };
  Running running(probe("catch"), setup);
  running.expect_output("got 14");
  running.send(SIGUSR2);
  CHECK(running.wait().exit_code == 0);
}

TEST_CASE("a continuation that comes with a stop of the child is not lost") {
  Running running(Words{"--print-pid"} + probe("sleep"));
  running.expect_output("ready");
  const pid_t child = running.child();
  for (int round = 0; round < 20; ++round) {
    CAPTURE(round);
    // Both are there when tether looks.
    running.send(SIGSTOP);
    REQUIRE(::kill(child, SIGSTOP) == 0);
    REQUIRE(eventually([&] { return state_of(child) == 'T'; }));
    running.send(SIGCONT);
    REQUIRE(eventually([&] { return state_of(child) == 'S' && state_of(running.pid()) == 'S'; }));
  }
}

TEST_CASE("the cause is a signal only if tether passed it on") {
  {
    Running running(Words{"--json"} + probe("sleep"));
    running.expect_output("ready");
    running.send(SIGTERM);
    const Finished finished = running.wait();
    CHECK(finished.exit_code == 143);
    CHECK(finished.record("exit").at("cause") == "signal");
    CHECK(finished.record("exit").at("signal") == "SIGTERM");
  }
  {
    Running running(Words{"--json"} + probe("term", {"7"}));
    running.expect_output("ready");
    running.send(SIGTERM);
    const Json record = running.wait().record("exit");
    CHECK(record.at("cause") == "signal");
    CHECK(record.at("status") == 7);
  }
  const Json killed = run(Words{"--json"} + probe("kill", {"15"})).record("exit");
  CHECK(killed.at("cause") == "command");
}

KERNEL_TEST_CASE("an ignored SIGCHLD costs neither the status nor its inheritance") {
  Setup setup;
  setup.before_exec = [] { (void)::signal(SIGCHLD, SIG_IGN); };
  CHECK(run(probe("exit", {"7"}), setup).exit_code == 7);
  CHECK(run(Words{"--autokill", "--nnp"} + probe("exit", {"7"}), setup).exit_code == 7);
  const std::string seen = run(probe("signals"), setup).out;
  CHECK(seen.find("ignored 0000000000010000") != std::string::npos);
}

KERNEL_TEST_CASE("the child gets back exactly the signal state that tether was started with") {
  Setup setup;
  setup.before_exec = [] {
    (void)::signal(SIGHUP, SIG_IGN);
    (void)::signal(SIGQUIT, SIG_IGN);
    // All that can be blocked but SIGTERM and SIGINT, the two that glibc hides included.
    const std::uint64_t mask = ~((1ULL << (SIGTERM - 1)) | (1ULL << (SIGINT - 1)));
    (void)::syscall(SYS_rt_sigprocmask, SIG_SETMASK, &mask, nullptr, sizeof mask);
  };
  for (const Words& ours : {Words{}, Words{"--exec"}, Words{"--autokill", "--nnp"}}) {
    CAPTURE(ours);
    CHECK(run(ours + probe("signals"), setup).out ==
          "blocked fffffffffffbbefd\nignored 0000000000000005\n");
    CHECK(run(ours + Words{"--reset-signals"} + probe("signals"), setup).out ==
          "blocked 0000000000000000\nignored 0000000000000000\n");
  }
}

TEST_CASE("tether stays deaf to nothing while its own signals are blocked or ignored") {
  Setup setup;
  setup.before_exec = [] {
    (void)::signal(SIGTERM, SIG_IGN);
    (void)::signal(SIGUSR1, SIG_IGN);
  };
  Running running(probe("catch"), setup);
  running.expect_output("ready");
  running.send(SIGTERM);
  running.expect_output("got 15");
  running.send(SIGUSR2);
  CHECK(running.wait().exit_code == 0);
}

TEST_CASE("a command that is missing or cannot be executed gives 127 or 126") {
  TemporaryDirectory directory;
  directory.write("plain", "not a program", 0644);
  directory.write("script", "#!/no/such/interpreter -x\n", 0755);
  directory.write("loop", "#!" + directory.path("script") + "\n", 0755);

  Finished finished = run({"nosuch-command"});
  CHECK(finished.exit_code == 127);
  CHECK(finished.err == "tether: cannot run 'nosuch-command': No such file or directory\n");

  finished = run({directory.path("plain")});
  CHECK(finished.exit_code == 126);
  CHECK(finished.first_error_line() ==
        "tether: cannot run '" + directory.path("plain") + "': Permission denied");

  finished = run({directory.path()});
  CHECK(finished.exit_code == 126);

  finished = run({directory.path("script")});
  CHECK(finished.exit_code == 126);
  CHECK(finished.err == "tether: cannot run '" + directory.path("script") +
                            "': interpreter '/no/such/interpreter': No such file or directory\n");
  CHECK(run({""}).err == "tether: cannot run '': No such file or directory\n");
}

KERNEL_TEST_CASE("a failed exec says nothing of a start and names stage errno and path") {
  TemporaryDirectory directory;
  directory.write("script", "#!/no/such/interpreter\n", 0755);
  for (const Words& ours : {Words{}, Words{"--autokill", "--nnp"}, Words{"--autoreap"}}) {
    CAPTURE(ours);
    const Finished finished = run(ours + Words{"--json", "--print-pid", "/no/such"});
    CHECK(finished.exit_code == 127);
    REQUIRE(finished.records.size() == 1);
    CHECK(finished.out.front() == '{');
    const Json error = finished.record("error");
    CHECK(error.at("stage") == "exec");
    CHECK(error.at("errno") == "ENOENT");
    CHECK(error.at("path") == "/no/such");
    CHECK(error.at("exit_status") == 127);
    CHECK(error.at("message") == "cannot run '/no/such': No such file or directory");
  }
  const Json error = run({"--json", directory.path("script")}).record("error");
  CHECK(error.at("path") == "/no/such/interpreter");
  CHECK(error.at("exit_status") == 126);
}

TEST_CASE("a text file without an interpreter runs by the shell as env does it") {
  TemporaryDirectory directory;
  directory.write("script", "echo \"$0 $1\"; exit 9\n", 0755);
  const Finished finished = run({directory.path("script"), "one"});
  CHECK(finished.out == directory.path("script") + " one\n");
  CHECK(finished.exit_code == 9);
}

KERNEL_TEST_CASE("verbose says what was done and quiet and default say nothing") {
  CHECK(run(probe("exit", {"0"})).err.empty());
  CHECK(run(Words{"-q"} + probe("exit", {"3"})).err.empty());
  const Finished finished = run(Words{"-v", "--autokill", "--nnp"} + probe("exit", {"3"}));
  CHECK(finished.err.find("tether: started '") != std::string::npos);
  CHECK(finished.err.find("tether: autokill: ") != std::string::npos);
  CHECK(finished.err.find("exited with status 3") != std::string::npos);
}

TEST_CASE("print-pid gives the pid of COMMAND itself") {
  Running running(Words{"--print-pid"} + probe("identity"));
  const std::string pid = std::to_string(running.child());
  const Finished finished = running.wait();
  CHECK(finished.out.find("pid " + pid + "\n") != std::string::npos);
}
