// Each guarantee asked for is kept, by the kernel or by its emulation, and the record says by
// which.
#include <doctest/doctest.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "harness.hpp"
#include "sys/pidfd.hpp"

using namespace tether::test;

namespace {

const Words everything{"--autoreap", "--autokill", "--nnp"};

Json start_of(const Words& ours, const Setup& setup = {}) {
  return run(ours + Words{"--json"} + probe("exit", {"0"}), setup).record("start");
}

}  // namespace

KERNEL_TEST_CASE("the start record says which guarantee the kernel gave and which was emulated") {
  const Json start = start_of(everything);
  CHECK(start.at("guarantees").at("autoreap") == expected_autoreap());
  CHECK(start.at("guarantees").at("autokill") == expected_autokill());
  CHECK(start.at("guarantees").at("nnp") == expected_nnp());
  CHECK(start.at("guarantees").at("supervisor") == expected_autokill());
  CHECK(start.at("guarantees").at("tree").is_null());
}

KERNEL_TEST_CASE("the newest kernel is one that has the flags") {
  // Said by run-vm: without this a bench that boots the wrong kernel would pass by emulation.
  const char* track = std::getenv("TETHER_KERNEL");
  SKIP_UNLESS(!sandbox_filters_clone3(), "a filter hides the flags");
  SKIP_UNLESS(track != nullptr, "nothing was asked for: not a kernel of the matrix");
  INFO("asked for: ", track);
  CHECK(kernel_has_flags() == (std::string(track) == "newest" || std::stod(track) >= 7.1));
}

KERNEL_TEST_CASE("what was not asked for is null in the record") {
  const Json nothing = start_of({}).at("guarantees");
  for (const auto& item : nothing.items()) {
    CAPTURE(item.key());
    CHECK(item.value().is_null());
  }
  const Json only_nnp = start_of({"--nnp"}).at("guarantees");
  CHECK(only_nnp.at("nnp") == expected_nnp());
  CHECK(only_nnp.at("autoreap").is_null());
  const Json implied = start_of({"--autokill", "--nnp"}).at("guarantees");
  CHECK(implied.at("autoreap") == expected_autoreap());
  CHECK(start_of({"--autoreap"}).at("guarantees").at("supervisor").is_null());
}

KERNEL_TEST_CASE("features and dry-run and the start record agree") {
  const Json features = run({"--features", "--json"}).record("features");
  const Json dry_run =
      run(everything + Words{"--dry-run", "--json"} + probe("exit", {"0"})).record("dry-run");
  const Json start = start_of(everything);
  CHECK(features.at("guarantees") == start.at("guarantees"));
  CHECK(dry_run.at("guarantees") == start.at("guarantees"));
  CHECK(features.at("flags").at("CLONE_AUTOREAP") == kernel_has_flags());
  CHECK(features.at("flags").at("CLONE_NNP") == kernel_has_flags());
  CHECK(features.at("flags").at("CLONE_PIDFD_AUTOKILL") == kernel_has_flags());
  CHECK((features.at("call") == "clone3") == !sandbox_filters_clone3());
  const bool names_autokill =
      dry_run.at("flags").dump().find("CLONE_PIDFD_AUTOKILL") != std::string::npos;
  CHECK(names_autokill == kernel_has_flags());
}

KERNEL_TEST_CASE("a dry run spawns nothing and writes nothing") {
  TemporaryDirectory directory;
  const Finished finished =
      run({"--dry-run", "--status-file=" + directory.path("status"), "--autoreap", "--", "/bin/sh",
           "-c", "touch " + directory.path("made")});
  CHECK(finished.exit_code == 0);
  CHECK(finished.out.find("autoreap") != std::string::npos);
  CHECK_FALSE(exists(directory.path("made")));
  CHECK_FALSE(exists(directory.path("status")));
}

KERNEL_TEST_CASE("no_new_privs is set before the first instruction of COMMAND and not in tether") {
  Running running(Words{"--nnp", "--print-pid"} + probe("sleep"));
  running.expect_output("ready");
  CHECK(status_of(running.child(), "NoNewPrivs") == "1");
  CHECK(status_of(running.pid(), "NoNewPrivs") == "0");
  CHECK(run(Words{"--nnp"} + probe("identity")).out.find("nnp 1\n") != std::string::npos);
  CHECK(run(probe("identity")).out.find("nnp 0\n") != std::string::npos);
  CHECK(run(Words{"--exec", "--nnp"} + probe("identity")).out.find("nnp 1\n") != std::string::npos);
}

KERNEL_TEST_CASE("with nnp a set-user-ID program runs without its privilege") {
  SKIP_UNLESS(is_root(), "needs root");
  TemporaryDirectory directory;
  REQUIRE(::chmod(directory.path().c_str(), 0755) == 0);
  std::filesystem::copy(tool("probe"), directory.path("suid-probe"));
  REQUIRE(::chmod(directory.path("suid-probe").c_str(), 04755) == 0);
  const Words command{directory.path("suid-probe"), "identity"};
  CHECK(run(command, as_user(1000)).out.find("euid 0\n") != std::string::npos);
  CHECK(run(Words{"--nnp"} + command, as_user(1000)).out.find("euid 1000\n") != std::string::npos);
}

KERNEL_TEST_CASE("tether refuses to run set-user-ID or with file capabilities") {
  SKIP_UNLESS(is_root(), "needs root");
  TemporaryDirectory directory;
  REQUIRE(::chmod(directory.path().c_str(), 0755) == 0);
  const std::string copy = directory.path("tether");
  std::filesystem::copy(tether_binary(), copy);
  const auto refused = [&] {
    Setup setup;
    // tether runs as root and execs the copy as the user.
    const Finished finished =
        run(Words{tool("as-user"), "1000", copy} + probe("exit", {"0"}), setup);
    return finished.exit_code == 125 &&
           finished.err.rfind("tether: refusing to run set-user-ID or with file capabilities\n",
                              0) == 0;
  };
  CHECK_FALSE(refused());
  REQUIRE(::chmod(copy.c_str(), 04755) == 0);
  CHECK(refused());
  REQUIRE(::chmod(copy.c_str(), 0755) == 0);
  // VFS_CAP_REVISION_2 with cap_net_raw permitted and effective, as setcap(8) writes it.
  const unsigned char capability[20] = {1, 0, 0, 2, 0, 0x20};
  if (::setxattr(copy.c_str(), "security.capability", capability, sizeof capability, 0) != 0)
    return;
  CHECK(refused());
}

KERNEL_TEST_CASE("an autoreaped child is never a zombie under a parent that never waits") {
  SKIP_UNLESS(kernel_has_flags(), "this kernel has no CLONE_AUTOREAP");
  OrphanCollector orphans;
  // The negligent parent runs tether, which is then killed; its child is autoreaped all the same.
  Running running(Words{"--autoreap", "--print-pid"} + probe("sleep"));
  running.expect_output("ready");
  const pid_t child = running.child();
  const tether::UniqueFd pidfd(tether::open_pidfd(child));
  running.send(SIGKILL);
  CHECK(eventually([child] { return status_of(child, "PPid") == std::to_string(::getpid()); }));
  REQUIRE(::kill(child, SIGKILL) == 0);
  pollfd ended{pidfd.get(), POLLHUP, 0};
  REQUIRE(::poll(&ended, 1, 30000) == 1);
  // Its parent by now is this process, which has not waited: an ordinary child would be a zombie.
  CHECK_FALSE(state_of(child).has_value());
}

KERNEL_TEST_CASE("without autoreap the same child is a zombie until it is waited for") {
  OrphanCollector orphans;
  Running running(Words{"--print-pid"} + probe("sleep"));
  running.expect_output("ready");
  const pid_t child = running.child();
  running.send(SIGKILL);
  CHECK(eventually([child] { return status_of(child, "PPid") == std::to_string(::getpid()); }));
  REQUIRE(::kill(child, SIGKILL) == 0);
  CHECK(eventually([child] { return state_of(child) == 'Z'; }));
  CHECK(orphans.is_gone(child));
}

KERNEL_TEST_CASE(
    "strict accepts what the kernel enforces and refuses the rest before anything runs") {
  TemporaryDirectory directory;
  const Words command{"/bin/sh", "-c", "echo > " + directory.path("made")};
  const Finished finished = run(Words{"--strict", "--json"} + everything + command);
  if (kernel_has_flags()) {
    CHECK(finished.exit_code == 0);
    CHECK(finished.err.empty());
  } else {
    CHECK(finished.exit_code == 125);
    CHECK(finished.err.rfind(
              "tether: --strict: autokill is enforced by the kernel from Linux 7.1 on, this is ",
              0) == 0);
    CHECK(finished.record("error").at("stage") == "guarantee");
    CHECK_FALSE(exists(directory.path("made")));
  }
  // nnp by prctl is as strong, and nothing asked for is nothing to refuse.
  CHECK(run(Words{"--strict", "--nnp"} + probe("exit", {"0"})).exit_code == 0);
  CHECK(run(Words{"--strict"} + probe("exit", {"0"})).exit_code == 0);
  CHECK(run(Words{"--strict", "--dry-run", "--autoreap"} + probe("exit", {"0"})).exit_code ==
        (kernel_has_flags() ? 0 : 125));
}

KERNEL_TEST_CASE("the inode in the record names the child on kernels that have pidfs") {
  Running running(Words{"--json"} + probe("sleep"));
  running.expect_output("ready");
  const pid_t child = running.child();
  const Json start = running.record("start");
  if (!kernel_is_at_least(6, 9)) {
    CHECK(start.at("pidfs_inode").is_null());
    return;
  }
  const tether::UniqueFd pidfd(tether::open_pidfd(child));
  struct stat file {};
  REQUIRE(::fstat(pidfd.get(), &file) == 0);
  CHECK(start.at("pidfs_inode") == file.st_ino);
}
