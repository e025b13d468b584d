// Inside sandboxes that filter clone3, and more, as container engines do.
#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "harness.hpp"

using namespace tether::test;

namespace {

const Words everything{"--autoreap", "--autokill", "--nnp"};

// Rules, and the call that is left under them.
struct Sandbox {
  const char* rules;
  const char* call;
  const char* error;
};

constexpr Sandbox sandboxes[] = {
    {"clone3=ENOSYS", "clone", "ENOSYS"},
    {"clone3=EPERM", "clone", "EPERM"},
    {"clone3=ENOSYS,clone-pidfd=EINVAL", "fork", "ENOSYS"},
    {"clone3=EPERM,clone-pidfd=EPERM", "fork", "EPERM"},
    {"clone3=ENOSYS,close_range=ENOSYS", "clone", "ENOSYS"},
};

std::string emulated_autokill() {
  return is_root() ? "keeper" : "pdeathsig";
}

}  // namespace

KERNEL_TEST_CASE("a filtered clone3 is found out and said") {
  for (const Sandbox& sandbox : sandboxes) {
    CAPTURE(sandbox.rules);
    const Json features = run({"--features", "--json"}, filtered(sandbox.rules)).record("features");
    CHECK(features.at("call") == sandbox.call);
    CHECK(features.at("clone3_error") == sandbox.error);
    CHECK(features.at("flags").at("CLONE_AUTOREAP") == false);
    CHECK(features.at("guarantees").at("autokill") == emulated_autokill());
    CHECK(run({"--features"}, filtered(sandbox.rules)).out.find(sandbox.error) !=
          std::string::npos);
  }
}

KERNEL_TEST_CASE("every guarantee is emulated under a filter and the three reports agree") {
  for (const Sandbox& sandbox : sandboxes) {
    CAPTURE(sandbox.rules);
    const Setup setup = filtered(sandbox.rules);
    const Finished finished = run(everything + Words{"--json"} + probe("identity"), setup);
    CHECK(finished.exit_code == 0);
    CHECK(finished.out.find("nnp 1\n") != std::string::npos);
    const Json guarantees = finished.record("start").at("guarantees");
    CHECK(guarantees.at("autoreap") == "wait");
    CHECK(guarantees.at("autokill") == emulated_autokill());
    CHECK(guarantees.at("nnp") == "prctl");
    CHECK(run({"--features", "--json"}, setup).record("features").at("guarantees") == guarantees);
    const Json dry_run =
        run(everything + Words{"--dry-run", "--json"} + probe("exit", {"0"}), setup)
            .record("dry-run");
    CHECK(dry_run.at("guarantees") == guarantees);
    CHECK(dry_run.at("call") == sandbox.call);
  }
}

KERNEL_TEST_CASE("statuses and errors come back under a filter") {
  for (const Sandbox& sandbox : sandboxes) {
    CAPTURE(sandbox.rules);
    const Setup setup = filtered(sandbox.rules);
    CHECK(run(probe("exit", {"7"}), setup).exit_code == 7);
    CHECK(run(probe("kill", {"9"}), setup).exit_code == 137);
    CHECK(run(everything + Words{"/no/such"}, setup).exit_code == 127);
    CHECK(run({"--chdir=/no/such", "true"}, setup).exit_code == 125);
    const Finished clean = run(Words{"--close-fds"} + probe("fds"), setup);
    CHECK(clean.out == "0 1 2 \n");
  }
}

KERNEL_TEST_CASE("SIGKILL of tether ends an autokill child under a filter") {
  for (const Sandbox& sandbox : sandboxes) {
    CAPTURE(sandbox.rules);
    OrphanCollector orphans;
    Running running(Words{"--autokill", "--nnp", "--print-pid"} + probe("sleep"),
                    filtered(sandbox.rules));
    running.expect_output("ready");
    const pid_t child = running.child();
    running.send(SIGKILL);
    CHECK(orphans.is_gone(child));
  }
}

KERNEL_TEST_CASE("a tie without any guarantee is kept under a filter") {
  for (const Sandbox& sandbox : sandboxes) {
    CAPTURE(sandbox.rules);
    const Setup setup = filtered(sandbox.rules);
    CHECK(run(Words{"-t", "30"} + probe("exit", {"7"}), setup).exit_code == 7);
    CHECK(run(Words{"-t", "100ms", "-sKILL"} + probe("sleep"), setup).exit_code == 124);
    OrphanCollector orphans;
    Running running(Words{"--die-with-parent", "--print-pid"} + probe("sleep"), setup);
    running.expect_output("ready");
    const pid_t child = running.child();
    running.send(SIGKILL);
    CHECK(orphans.is_gone(child));
  }
}

KERNEL_TEST_CASE("strict names the filter under a filter") {
  const Finished finished =
      run(Words{"--strict", "--autoreap"} + probe("exit", {"0"}), filtered("clone3=ENOSYS"));
  CHECK(finished.exit_code == 125);
  CHECK(finished.err.find("hint: clone3 answers ENOSYS here: a sandbox filters it") !=
        std::string::npos);
}

KERNEL_TEST_CASE("the answer of the kernel about privilege is not taken for a filter") {
  const Setup setup = is_root() ? as_user(1000) : Setup{};
  const Finished finished = run(Words{"--autokill"} + probe("exit", {"0"}), setup);
  CHECK(finished.exit_code == 125);
  CHECK(finished.err.find("needs --nnp") != std::string::npos);
}

KERNEL_TEST_CASE("a sandbox that hides how an autoreaped child ended costs no status") {
  const Finished finished =
      run(everything + Words{"--json"} + probe("exit", {"7"}), filtered("ioctl=EPERM"));
  CHECK(finished.exit_code == 7);
  const Json guarantees = finished.record("start").at("guarantees");
  CHECK(guarantees.at("autoreap") == "wait");
  CHECK(guarantees.at("autokill") == emulated_autokill());
  CHECK(
      run({"--features", "--json"}, filtered("ioctl=EPERM")).record("features").at("guarantees") ==
      guarantees);
}

KERNEL_TEST_CASE("a guarantee that can be neither had nor emulated is an error in all reports") {
  SKIP_UNLESS(is_root(), "needs root");
  const Setup setup = filtered("clone3=ENOSYS,pidfd_open=ENOSYS");
  const std::string line = "tether: autokill is not possible here: pidfd_open is not available";
  for (const Words& ours : {Words{"--autokill"}, Words{"--autokill", "--dry-run"}}) {
    const Finished finished = run(ours + probe("exit", {"0"}), setup);
    CHECK(finished.exit_code == 125);
    CHECK(finished.first_error_line() == line);
  }
  const Json features = run({"--features", "--json"}, setup).record("features");
  CHECK(features.at("guarantees").at("autokill").is_null());
  CHECK(run(Words{"--autoreap", "--nnp"} + probe("exit", {"6"}), setup).exit_code == 6);
}

KERNEL_TEST_CASE("where not even a pidfd is to be had the error is clear and no child is left") {
  const Finished finished =
      run(probe("exit", {"0"}), filtered("clone3=EPERM,clone-pidfd=EPERM,pidfd_open=EPERM"));
  CHECK(finished.exit_code == 125);
  CHECK(finished.first_error_line() == "tether: cannot make a process: Operation not permitted");
}
