// What tells of a sandbox or a container around this process. For a report that a person reads:
// nothing is decided by it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tether {

struct SandboxFacts {
  bool filtered = false;               // by seccomp
  bool no_new_privs = false;           // tether's own
  std::string container;               // by which engine, as far as that is told; empty: none
  std::string confined_by;             // the label of a security module; empty: none
  std::optional<bool> user_namespace;  // another one than the machine's; none without /proc
  std::optional<bool> pid_namespace;   //
};

SandboxFacts collect_sandbox_facts();

// The effective capabilities of this process that make a difference to tether, by name.
std::vector<std::string> capabilities_that_matter();

}  // namespace tether
