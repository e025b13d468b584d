#include "sys/sandbox_facts.hpp"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <utility>

#include "sys/namespace_facts.hpp"
#include "sys/privilege.hpp"

namespace tether {
namespace {

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
