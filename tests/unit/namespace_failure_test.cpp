// The hint that comes with refused namespaces: what the kernel answered, and what is known.
#include "spawn/namespace_failure.hpp"

#include <doctest/doctest.h>

#include <cerrno>
#include <functional>
#include <string>
#include <vector>

#include "report/messages.hpp"

namespace tether {
namespace {

using Step = NamespaceStep;

const NamespacePlan as_root{false, 0, 0, {}};
const NamespacePlan as_user{true, 1000, 1000, {}};

const std::vector<Step> steps = {Step::clone,       Step::setgroups,   Step::user_map,
                                 Step::group_map,   Step::propagation, Step::proc,
                                 Step::capabilities};

// A machine with these differences from one that has nothing against it.
NamespaceFacts facts(const std::function<void(NamespaceFacts&)>& change) {
  NamespaceFacts all;
  all.users_may_clone = 1;
  all.most_users = all.most_pids = all.most_mounts = 1000;
  all.apparmor_restricts = 0;
  change(all);
  return all;
}

const NamespaceFacts nothing = facts([](NamespaceFacts&) {});
const NamespaceFacts debian = facts([](NamespaceFacts& f) { f.users_may_clone = 0; });
const NamespaceFacts chroot_there = facts([](NamespaceFacts& f) { f.root_is_mount = false; });
const NamespaceFacts filter = facts([](NamespaceFacts& f) { f.filtered = true; });
const NamespaceFacts apparmor = facts([](NamespaceFacts& f) { f.apparmor_restricts = 1; });
const NamespaceFacts label = facts([](NamespaceFacts& f) { f.confined_by = "box (enforce)"; });
const NamespaceFacts covered = facts([](NamespaceFacts& f) { f.covered = "/proc/kcore"; });
const NamespaceFacts no_proc = facts([](NamespaceFacts& f) { f.has_proc = false; });
const NamespaceFacts no_setfcap = facts([](NamespaceFacts& f) { f.may_map_root = false; });

std::string hint(const NamespacePlan& plan, Step step, int error, const NamespaceFacts& known) {
  return why_namespaces_are_refused(plan, {step, error}, known);
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("each reason has a hint that names the thing to change") {
  struct Row {
    Step step;
    int error;
    const NamespaceFacts& known;
    const char* part;
  };
  const Row rows[] = {
      {Step::clone, EPERM, debian, "kernel.unprivileged_userns_clone is 0"},
      {Step::clone, EPERM, chroot_there, "this is a chroot"},
      {Step::clone, EPERM, filter, "a sandbox filters it (Seccomp"},
      {Step::clone, ENOSYS, filter, "a sandbox filters it (Seccomp"},
      {Step::clone, EPERM, apparmor, "kernel.apparmor_restrict_unprivileged_userns"},
      {Step::clone, EACCES, apparmor, "kernel.apparmor_restrict_unprivileged_userns"},
      {Step::clone, EACCES, label, "'box (enforce)'"},
      {Step::clone, EPERM, no_proc, "there is no /proc here"},
      {Step::clone, EPERM, nothing, "perhaps a chroot"},
      {Step::setgroups, EACCES, apparmor, "kernel.apparmor_restrict_unprivileged_userns"},
      {Step::setgroups, EROFS, nothing, "/proc is mounted read-only"},
      {Step::user_map, EPERM, apparmor, "kernel.apparmor_restrict_unprivileged_userns"},
      {Step::user_map, EPERM, no_setfcap, "CAP_SETFCAP"},
      {Step::user_map, ENOENT, no_proc, "no /proc is mounted"},
      {Step::group_map, EPERM, label, "'box (enforce)'"},
      {Step::propagation, EACCES, label, "'box (enforce)'"},
      {Step::propagation, EPERM, filter, "a sandbox filters it (Seccomp"},
      {Step::propagation, EINVAL, chroot_there, "in a chroot /proc has to be mounted"},
      {Step::propagation, ENOENT, chroot_there, "in a chroot /proc has to be mounted"},
      {Step::propagation, EPERM, nothing, "Landlock"},
      {Step::proc, EPERM, covered, "covered, such as /proc/kcore;"},
      {Step::proc, EACCES, apparmor, "kernel.apparmor_restrict_unprivileged_userns"},
      {Step::proc, EPERM, filter, "a sandbox filters it (Seccomp"},
      {Step::proc, EPERM, no_proc, "no /proc is mounted"},
      {Step::proc, ENOENT, nothing, "no directory /proc"},
      {Step::capabilities, EPERM, filter, "a sandbox filters it (Seccomp"},
  };
  for (const Row& row : rows) {
    const std::string said = hint(as_user, row.step, row.error, row.known);
    CAPTURE(said);
    CAPTURE(row.part);
    CHECK(has(said, row.part));
  }
}

TEST_CASE("at a limit the one that is zero is named and else all of them") {
  const auto limits = [](long users, long pids, long mounts) {
    return facts([=](NamespaceFacts& f) {
      f.most_users = users;
      f.most_pids = pids;
      f.most_mounts = mounts;
    });
  };
  for (const int error : {ENOSPC, EUSERS}) {
    CHECK(has(hint(as_user, Step::clone, error, limits(0, 9, 9)), "user.max_user_namespaces is 0"));
    CHECK(has(hint(as_user, Step::clone, error, limits(9, 0, 9)), "user.max_pid_namespaces is 0"));
    CHECK(has(hint(as_user, Step::clone, error, limits(9, 9, 0)), "user.max_mnt_namespaces is 0"));
    CHECK(has(hint(as_user, Step::clone, error, limits(9, 9, 9)), "a limit is reached"));
    // Root makes no user namespace, whatever their limit.
    CHECK(has(hint(as_root, Step::clone, error, limits(0, 0, 9)), "user.max_pid_namespaces is 0"));
    CHECK(has(hint(as_root, Step::clone, error, limits(0, 9, 9)), "a limit is reached"));
    CHECK(has(hint(as_user, Step::clone, error, {}), "a limit is reached"));
  }
}

TEST_CASE("what only user namespaces meet is no reason for root") {
  for (const NamespaceFacts& known : {debian, chroot_there, apparmor, no_proc, nothing})
    CHECK(hint(as_root, Step::clone, EPERM, known).empty());
  CHECK(has(hint(as_root, Step::clone, EPERM, filter), "Seccomp"));
  CHECK(has(hint(as_root, Step::propagation, EACCES, label), "'box (enforce)'"));
}

TEST_CASE("a kernel without the namespaces is called so") {
  const NamespaceFacts no_pids = facts([](NamespaceFacts& f) { f.knows_pid_namespaces = false; });
  const NamespaceFacts no_users = facts([](NamespaceFacts& f) { f.knows_user_namespaces = false; });
  CHECK(has(hint(as_root, Step::clone, EINVAL, no_pids), "without PID namespaces"));
  CHECK(has(hint(as_user, Step::clone, EINVAL, no_users), "without user namespaces"));
  CHECK(hint(as_root, Step::clone, EINVAL, no_users).empty());
  CHECK(hint(as_user, Step::clone, EINVAL, nothing).empty());
}

TEST_CASE("what is sure goes before what is only possible") {
  const auto all = [](NamespaceFacts& f) {
    f.users_may_clone = 0;
    f.root_is_mount = false;
    f.filtered = true;
    f.apparmor_restricts = 1;
    f.covered = "/proc/kcore";
  };
  NamespaceFacts known = facts(all);
  CHECK(has(hint(as_user, Step::clone, EPERM, known), "unprivileged_userns_clone"));
  CHECK(has(hint(as_user, Step::proc, EPERM, known), "/proc/kcore"));
  CHECK(has(hint(as_user, Step::proc, EACCES, known), "AppArmor"));
  known.users_may_clone = 1;
  CHECK(has(hint(as_user, Step::clone, EPERM, known), "chroot"));
  known.root_is_mount = true;
  CHECK(has(hint(as_user, Step::clone, EPERM, known), "Seccomp"));
  CHECK(has(hint(as_user, Step::clone, EACCES, known), "AppArmor"));
}

TEST_CASE("an errno that these facts do not explain has no hint") {
  const NamespaceFacts everything = facts([](NamespaceFacts& f) {
    f.users_may_clone = 0;
    f.filtered = true;
    f.apparmor_restricts = 1;
    f.covered = "/proc/kcore";
    f.confined_by = "x";
  });
  for (const Step step : steps)
    for (const int error : {EAGAIN, ENOMEM, EMFILE, EIO}) {
      CAPTURE(static_cast<int>(step));
      CHECK(hint(as_user, step, error, everything).empty());
      CHECK(hint(as_root, step, error, everything).empty());
    }
}

TEST_CASE("every hint is one line without a full stop") {
  for (const Step step : steps)
    for (const int error : {EPERM, EACCES, EINVAL, ENOSPC, ENOSYS, ENOENT, EROFS})
      for (const NamespaceFacts& known :
           {nothing, debian, chroot_there, filter, apparmor, label, covered, no_proc, no_setfcap})
        for (const NamespacePlan& plan : {as_root, as_user}) {
          const std::string said = hint(plan, step, error, known);
          CAPTURE(said);
          CHECK_FALSE(has(said, "\n"));
          CHECK((said.empty() || said.back() != '.'));
        }
}

TEST_CASE("the failure says what was being done") {
  CHECK(describe(namespace_failure(as_user, {Step::clone, EPERM})) ==
        "cannot make a PID namespace: Operation not permitted");
  CHECK(describe(namespace_failure(as_user, {Step::user_map, EPERM})) ==
        "cannot make a PID namespace: writing /proc/self/uid_map: Operation not permitted");
  CHECK(describe(namespace_failure(as_root, {Step::proc, EACCES})) ==
        "cannot make a PID namespace: mounting /proc: Permission denied");
  CHECK(exit_status_of(namespace_failure(as_user, {Step::clone, EPERM})) == exit_tether_failed);
}

}  // namespace tether
