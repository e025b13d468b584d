// What COMMAND is and sees in a PID namespace of its own.
#include "namespace.hpp"

#include <doctest/doctest.h>
#include <grp.h>
#include <linux/capability.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include <filesystem>
#include <sstream>
#include <vector>

using namespace tether::test;

namespace {

const std::string say_capabilities = "grep -E '^Cap(Prm|Eff|Inh|Amb)' /proc/self/status";

// root of a container: uid 0, and most of the capabilities, but not the one for namespaces.
Setup as_bounded_root() {
  Setup setup;
  setup.before_exec = [] { drop_from_bounding_set(CAP_SYS_ADMIN); };
  return setup;
}

// Every caller that this user can play.
std::vector<Setup> callers() {
  if (!is_root()) return {Setup{}};
  return {Setup{}, as_user(1000), as_bounded_root()};
}

// Lines about a mount on /proc itself.
int proc_mounts(const std::string& mountinfo) {
  std::istringstream lines(mountinfo);
  int found = 0;
  for (std::string line; std::getline(lines, line);)
    found += line.find(" /proc ") != std::string::npos ? 1 : 0;
  return found;
}

// A case that has left a caller out counts as skipped.
bool is_permitted(const Setup& caller) {
  const bool is = has_namespaces(caller);
  if (!is) skip_this_case("no PID namespace can be had here by each of the callers");
  return is;
}

}  // namespace

KERNEL_TEST_CASE("only its own namespace is seen in proc, whose first process is ours") {
  for (const Setup& caller : callers()) {
    if (!is_permitted(caller)) continue;
    const Finished finished =
        run(inside("echo $$ $PPID; echo /proc/[0-9]*; cat /proc/1/comm", caller));
    CHECK(finished.out == "2 1\n/proc/1 /proc/2\nin-namespace\n");
    CHECK(finished.err.empty());
  }
}

KERNEL_TEST_CASE("uid and gid are the same inside") {
  for (const Setup& caller : callers()) {
    if (!is_permitted(caller)) continue;
    const std::string script = "id -u; id -g; id -ru; id -rg";
    const std::string expected = run(outside(script, caller)).out;
    CHECK(expected.size() >= 8);
    CHECK(run(inside(script, caller)).out == expected);
  }
}

KERNEL_TEST_CASE("COMMAND has the capabilities that it would have without a namespace") {
  for (const Setup& caller : callers()) {
    if (!is_permitted(caller)) continue;
    const std::string expected = run(outside(say_capabilities, caller)).out;
    CHECK(expected.find("CapEff") != std::string::npos);
    CHECK(run(inside(say_capabilities, caller)).out == expected);
  }
}

KERNEL_TEST_CASE(
    "an ordinary user has no capability inside and can have none, nor has its first process") {
  const Setup caller = is_root() ? as_user(1000) : Setup{};
  SKIP_UNLESS(has_namespaces(caller), "no PID namespace can be had here");
  const std::string none = "0000000000000000\n";
  const std::string bounding = run(outside("grep CapBnd /proc/self/status", caller)).out;
  const std::string all =
      "CapInh:\t" + none + "CapPrm:\t" + none + "CapEff:\t" + none + bounding + "CapAmb:\t" + none;
  CHECK(run(inside("grep ^Cap /proc/self/status", caller)).out == all);
  CHECK(run(inside("grep ^Cap /proc/1/status", caller)).out == all);
}

KERNEL_TEST_CASE("uid 0 without all capabilities can gain none inside") {
  SKIP_UNLESS(is_root(), "needs root");
  SKIP_UNLESS(has_namespaces(as_bounded_root()), "no PID namespace can be had here");
  const std::string outer = run(outside("grep CapBnd /proc/self/status", as_bounded_root())).out;
  CHECK(outer.find("CapBnd") == 0);
  CHECK(run(inside("grep CapBnd /proc/self/status", as_bounded_root())).out == outer);
}

KERNEL_TEST_CASE("a file with capabilities can be run inside by an ordinary user, as outside") {
  SKIP_UNLESS(is_root(), "needs root");
  SKIP_UNLESS(has_namespaces(as_user(1000)), "no PID namespace can be had here");
  TemporaryDirectory directory;
  REQUIRE(::chmod(directory.path().c_str(), 0755) == 0);
  const std::string copy = directory.path("probe");
  std::filesystem::copy(tool("probe"), copy);
  const unsigned char net_raw[20] = {1, 0, 0, 2, 0, 0x20};
  SKIP_UNLESS(::setxattr(copy.c_str(), "security.capability", net_raw, sizeof net_raw, 0) == 0,
              "this file system stores no capabilities");
  CHECK(run(outside(copy + " exit 0", as_user(1000))).exit_code == 0);
  CHECK(run(inside(copy + " exit 0", as_user(1000))).exit_code == 0);
}

KERNEL_TEST_CASE("supplementary groups still open files") {
  SKIP_UNLESS(is_root(), "needs root");
  SKIP_UNLESS(has_namespaces(as_user(1000)), "no PID namespace can be had here");
  constexpr gid_t group = 4242;
  TemporaryDirectory directory;
  REQUIRE(::chmod(directory.path().c_str(), 0755) == 0);
  directory.write("file", "read\n", 0640);
  REQUIRE(::chown(directory.path("file").c_str(), 0, group) == 0);
  const auto member = [](const std::vector<gid_t>& groups) {
    Setup setup;
    setup.before_exec = [groups] {
      if (::setgroups(groups.size(), groups.data()) != 0 || ::setresgid(1000, 1000, 1000) != 0 ||
          ::setresuid(1000, 1000, 1000) != 0)
        ::_exit(94);
    };
    return setup;
  };
  const std::string script = "cat " + directory.path("file");
  CHECK(run(inside(script, member({group}))).out == "read\n");
  CHECK(run(inside(script, member({}))).out.empty());
}

KERNEL_TEST_CASE("the mount of proc is not seen outside") {
  Setup caller;
  // Where mounts are shared, as on most machines, one would come out.
  if (is_root() && has_mount_namespaces()) caller.before_exec = unshare_mounts;
  SKIP_UNLESS(has_namespaces(caller), "no PID namespace can be had here");
  const int before = proc_mounts(read_file("/proc/self/mountinfo"));
  Running running({}, inside("cat /proc/self/mountinfo; echo ready; read end", caller));
  running.expect_output("ready");
  CHECK(proc_mounts(running.out()) == before + 1);
  CHECK(proc_mounts(read_file("/proc/" + std::to_string(running.pid()) + "/mountinfo")) == before);
  running.close_input();
  CHECK(running.wait().exit_code != 125);
}

KERNEL_TEST_CASE("other access times of proc are taken over") {
  SKIP_UNLESS(has_mount_namespaces(), "no mount namespace can be had here");
  SKIP_UNLESS(has_namespaces(as_user(1000)), "no PID namespace can be had here");
  constexpr unsigned long all_times[] = {MS_NOATIME, MS_STRICTATIME, MS_RELATIME | MS_NODIRATIME};
  for (const unsigned long times : all_times) {
    CAPTURE(times);
    Setup caller = as_user(1000);
    caller.before_exec = [times] {
      unshare_mounts();
      if (::mount(nullptr, "/proc", nullptr, MS_REMOUNT | MS_BIND | times, nullptr) != 0)
        ::_exit(94);
    };
    const Finished finished = run(inside("echo $$", caller));
    CHECK(finished.out == "2\n");
    CHECK(finished.err.empty());
  }
}

KERNEL_TEST_CASE("legacy clone makes the namespaces where clone3 is filtered") {
  for (const char* error : {"ENOSYS", "EPERM"}) {
    Setup caller = filtered(std::string("clone3=") + error);
    SKIP_UNLESS(has_namespaces(caller), "no PID namespace can be had here");
    CHECK(run(inside("echo $$", caller)).out == "2\n");
    if (!is_root()) continue;
    caller.wrapper = as_user(1000).wrapper + caller.wrapper;
    // In a chroot a user has none (user_namespaces(7)).
    if (has_namespaces(caller)) CHECK(run(inside("echo $$", caller)).out == "2\n");
  }
}

KERNEL_TEST_CASE("root has them in a chroot with a proc, and nothing is mounted outside") {
  SKIP_UNLESS(has_mount_namespaces(), "no mount namespace can be had here");
  TemporaryDirectory root;
  for (const char* name : {"in-namespace", "probe"})
    std::filesystem::copy(tool(name), root.path(name));
  std::filesystem::create_directory(root.path("proc"));
  Setup caller;
  caller.before_exec = [&root] {
    unshare_mounts();
    if (::mount("proc", root.path("proc").c_str(), "proc", 0, nullptr) != 0 ||
        ::chroot(root.path().c_str()) != 0 || ::chdir("/") != 0)
      ::_exit(94);
  };
  caller.wrapper = {"/in-namespace", "/probe", "sleep"};
  Running running({}, caller);
  running.expect_output("ready");
  // Seen from its chroot.
  CHECK(proc_mounts(read_file("/proc/" + std::to_string(running.pid()) + "/mountinfo")) == 1);
}
