#include "sys/sandbox_facts.hpp"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <linux/stat.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "numbers.hpp"
#include "sys/kernel_text.hpp"
#include "sys/privilege.hpp"

namespace tether {
namespace {

std::optional<long> sysctl(const char* path) {
  const std::string text = text_of(path);
  std::string_view words = text;
  return number_in<long>(take_word(words));
}

bool is_proc_mounted() {
  struct statfs where {};
  return ::statfs("/proc", &where) == 0 && where.f_type == PROC_SUPER_MAGIC;
}

// Works without /proc (Linux 5.8). Cannot tell a chroot to the root of a mount from none.
bool is_root_a_mount() {
  struct statx root {};
  return ::statx(AT_FDCWD, "/", 0, STATX_TYPE, &root) != 0 ||
         (root.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT) == 0 ||
         (root.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

// To map uid 0, the process that makes the user namespace needs CAP_SETFCAP (Linux 5.12).
bool may_map_root() {
  return ::geteuid() != 0 || (capabilities().effective >> CAP_SETFCAP & 1U) != 0;
}

std::string security_label() {
  std::string label = text_of("/proc/self/attr/current");
  while (!label.empty() && (label.back() == '\n' || label.back() == '\0')) label.pop_back();
  return label == "unconfined" || label == "kernel" ? std::string() : label;
}

// The kernel keeps these directories empty, as mount points: to its check they hide nothing.
bool is_made_to_be_mounted_on(std::string_view path) {
  return path == "/proc/sys/fs/binfmt_misc" || path == "/proc/fs/nfsd";
}

// The namespaces that a machine boots with have fixed inodes (include/linux/proc_ns.h).
constexpr ino_t first_user_namespace = 0xEFFFFFFD;
constexpr ino_t first_pid_namespace = 0xEFFFFFFC;

std::optional<bool> is_another(const char* name, ino_t first) {
  struct stat found {};
  if (::stat(name, &found) != 0) return std::nullopt;
  return found.st_ino != first;
}

// The marks that container engines leave.
std::string container_engine() {
  if (::access("/run/.containerenv", F_OK) == 0) return "podman";
  if (::access("/.dockerenv", F_OK) == 0) return "docker";
  const char* named = std::getenv("container");
  return named != nullptr ? named : "";
}

constexpr std::pair<int, const char*> telling_capabilities[] = {
    {CAP_SYS_ADMIN, "CAP_SYS_ADMIN"},  // autokill without nnp, namespaces without a user namespace
    {CAP_KILL, "CAP_KILL"},            // signals a process that changed its uid
    {CAP_SETFCAP, "CAP_SETFCAP"},      // maps uid 0 in a user namespace
};

}  // namespace

std::string covered_part_of_proc(std::string_view mountinfo) {
  constexpr std::string_view below = "/proc/";
  while (!mountinfo.empty()) {
    std::string_view line = take_line(mountinfo);
    for (int i = 0; i < 4; ++i) (void)take_word(line);
    const std::string_view path = take_word(line);
    if (path.substr(0, below.size()) == below && !is_made_to_be_mounted_on(path))
      return std::string(path);
  }
  return {};
}

bool tells_of_filter(std::string_view status) {
  return number_of(status, "Seccomp:") == 2;
}

NamespaceFacts collect_namespace_facts() {
  NamespaceFacts facts;
  facts.users_may_clone = sysctl("/proc/sys/kernel/unprivileged_userns_clone");
  facts.most_users = sysctl("/proc/sys/user/max_user_namespaces");
  facts.most_pids = sysctl("/proc/sys/user/max_pid_namespaces");
  facts.most_mounts = sysctl("/proc/sys/user/max_mnt_namespaces");
  facts.apparmor_restricts = sysctl("/proc/sys/kernel/apparmor_restrict_unprivileged_userns");
  facts.has_proc = is_proc_mounted();
  // Without /proc the kernel is taken to have both.
  facts.knows_user_namespaces = !facts.has_proc || ::access("/proc/self/ns/user", F_OK) == 0;
  facts.knows_pid_namespaces = !facts.has_proc || ::access("/proc/self/ns/pid", F_OK) == 0;
  facts.root_is_mount = is_root_a_mount();
  facts.filtered = tells_of_filter(text_of("/proc/self/status"));
  facts.may_map_root = may_map_root();
  facts.covered = covered_part_of_proc(text_of("/proc/self/mountinfo"));
  facts.confined_by = security_label();
  return facts;
}

SandboxFacts collect_sandbox_facts() {
  const NamespaceFacts seen = collect_namespace_facts();
  SandboxFacts facts;
  facts.filtered = seen.filtered;
  facts.no_new_privs = ::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
  facts.container = container_engine();
  facts.confined_by = seen.confined_by;
  facts.user_namespace = is_another("/proc/self/ns/user", first_user_namespace);
  facts.pid_namespace = is_another("/proc/self/ns/pid", first_pid_namespace);
  return facts;
}

std::vector<std::string> capabilities_that_matter() {
  const std::uint64_t effective = capabilities().effective;
  std::vector<std::string> names;
  for (const auto& [number, name] : telling_capabilities)
    if ((effective >> number & 1U) != 0) names.emplace_back(name);
  return names;
}

}  // namespace tether
