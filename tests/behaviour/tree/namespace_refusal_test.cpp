// Machines and sandboxes that refuse namespaces: what is said there.
#include <doctest/doctest.h>
#include <linux/capability.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "namespace.hpp"

using namespace tether::test;

namespace {

// Another value for a sysctl of the test machine, as long as this lives.
class Sysctl {
 public:
  Sysctl(std::string path, const char* value) : path_(std::move(path)), old_(read_file(path_)) {
    std::ofstream(path_) << value;
  }
  ~Sysctl() { std::ofstream(path_) << old_; }
  Sysctl(const Sysctl&) = delete;
  Sysctl& operator=(const Sysctl&) = delete;

 private:
  std::string path_;
  std::string old_;
};

Setup as_anybody() {
  return is_root() ? as_user(1000) : Setup{};
}

void check_refusal(const Setup& setup, const std::string& why, const std::string& hint) {
  const Finished finished = run(setup);
  CHECK(finished.exit_code == 125);
  CHECK(finished.out.empty());
  CHECK(finished.err ==
        "tether: cannot make a PID namespace: " + why + "\ntether: hint: " + hint + "\n");
}

// `mount_some` changes mounts that nobody else sees; then `caller` asks for a namespace.
Setup after_mounts(void (*mount_some)(), Setup caller) {
  caller.before_exec = [mount_some] {
    unshare_mounts();
    mount_some();
  };
  return inside("echo $$", caller);
}

const std::string filter_hint = "a sandbox filters it (Seccomp in /proc/self/status)";

}  // namespace

KERNEL_TEST_CASE("a limit of zero namespaces is named") {
  SKIP_UNLESS(is_root() && is_in_vm(), "changes a limit of the whole machine");
  const std::string no_space = "No space left on device";
  for (const char* kind : {"user", "pid", "mnt"}) {
    const std::string name = std::string("max_") + kind + "_namespaces";
    const Sysctl none("/proc/sys/user/" + name, "0");
    const std::string hint = "sysctl user." + name + " is 0; root can raise it";
    check_refusal(inside("true", as_user(1000)), no_space, hint);
    // Root needs no user namespace.
    if (std::string(kind) == "user") {
      CHECK(run(inside("exit 7")).exit_code == 7);
    } else {
      check_refusal(inside("true"), no_space, hint);
    }
  }
}

KERNEL_TEST_CASE("the sysctl that keeps user namespaces from users is named") {
  const std::string path = "/proc/sys/kernel/unprivileged_userns_clone";
  SKIP_UNLESS(is_root() && is_in_vm(), "changes a limit of the whole machine");
  SKIP_UNLESS(exists(path), "this kernel has no such sysctl");
  const Sysctl none(path, "0");
  check_refusal(inside("true", as_user(1000)), "Operation not permitted",
                "sysctl kernel.unprivileged_userns_clone is 0; root can set it to 1");
  CHECK(run(inside("exit 7")).exit_code == 7);
}

KERNEL_TEST_CASE("a filter of the calls that make namespaces is named") {
  const Setup caller = filtered("clone3=ENOSYS,clone-namespaces=EPERM");
  check_refusal(inside("true", caller), "Operation not permitted", filter_hint);
  SKIP_UNLESS(is_root(), "needs root");
  Setup user = as_user(1000);
  user.wrapper = user.wrapper + caller.wrapper;
  check_refusal(inside("true", user), "Operation not permitted", filter_hint);
}

KERNEL_TEST_CASE("a filter of mounts is named") {
  SKIP_UNLESS(has_namespaces(), "no PID namespace can be had here");
  check_refusal(inside("true", filtered("mount=EPERM")),
                "keeping mounts inside: Operation not permitted", filter_hint);
}

KERNEL_TEST_CASE("a chroot is named, to a user and, without a proc, to root") {
  SKIP_UNLESS(is_root(), "needs root");
  TemporaryDirectory root;
  REQUIRE(::chmod(root.path().c_str(), 0755) == 0);
  for (const char* name : {"as-user", "in-namespace", "probe"})
    std::filesystem::copy(tool(name), root.path(name));
  Setup as_root;
  as_root.before_exec = [&root] {
    if (::chroot(root.path().c_str()) != 0 || ::chdir("/") != 0) ::_exit(94);
  };
  as_root.wrapper = {"/in-namespace", "/probe", "identity"};
  Setup user = as_root;
  user.wrapper = Words{"/as-user", "1000"} + as_root.wrapper;
  check_refusal(user, "Operation not permitted",
                "this is a chroot: only root makes namespaces there");
  SKIP_UNLESS(has_mount_namespaces(), "no mount namespace can be had here");
  const std::string hint = "in a chroot /proc has to be mounted before";
  check_refusal(as_root, "keeping mounts inside: No such file or directory", hint);
  std::filesystem::create_directory(root.path("proc"));
  check_refusal(as_root, "keeping mounts inside: Invalid argument", hint);
}

KERNEL_TEST_CASE("a covered part of proc is named, and does not hinder root") {
  SKIP_UNLESS(has_mount_namespaces(), "no mount namespace can be had here");
  SKIP_UNLESS(has_namespaces(as_anybody()), "no PID namespace can be had here");
  const auto cover = [] {
    if (::mount("none", "/proc/fs", "tmpfs", MS_RDONLY, nullptr) != 0) ::_exit(94);
  };
  check_refusal(after_mounts(cover, as_user(1000)), "mounting /proc: Operation not permitted",
                "parts of /proc are covered, such as /proc/fs; all of it has to be open (docker: "
                "--security-opt systempaths=unconfined)");
  CHECK(run(after_mounts(cover, {})).out == "2\n");
}

KERNEL_TEST_CASE("a proc that is read-only or not there is named, and does not hinder root") {
  SKIP_UNLESS(has_mount_namespaces(), "no mount namespace can be had here");
  SKIP_UNLESS(has_namespaces(as_anybody()), "no PID namespace can be had here");
  const auto write_protect = [] {
    if (::mount(nullptr, "/proc", nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr) != 0)
      ::_exit(94);
  };
  check_refusal(after_mounts(write_protect, as_user(1000)),
                "writing /proc/self/setgroups: Read-only file system",
                "/proc is mounted read-only");
  CHECK(run(after_mounts(write_protect, {})).out == "2\n");
  const auto remove = [] {
    if (::umount2("/proc", MNT_DETACH) != 0) ::_exit(94);
  };
  check_refusal(after_mounts(remove, as_user(1000)),
                "writing /proc/self/uid_map: No such file or directory",
                "no /proc is mounted here");
  CHECK(run(after_mounts(remove, {})).out == "2\n");
}

KERNEL_TEST_CASE("uid 0 that may not be mapped is told so") {
  // The rule is one of Linux 5.12.
  SKIP_UNLESS(is_root(), "needs root");
  SKIP_UNLESS(kernel_is_at_least(5, 12), "Linux has this rule from 5.12 on");
  SKIP_UNLESS(has_namespaces(as_anybody()), "no PID namespace can be had here");
  Setup caller;
  caller.before_exec = [] {
    drop_from_bounding_set(CAP_SYS_ADMIN);
    drop_from_bounding_set(CAP_SETFCAP);
  };
  check_refusal(inside("true", caller), "writing /proc/self/uid_map: Operation not permitted",
                "uid 0 needs CAP_SETFCAP for it, or CAP_SYS_ADMIN; another uid needs neither");
}
