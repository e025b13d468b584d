// The signs of a sandbox or a container around this process. For a report that people read: tether
// decides nothing by them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tether {

struct SandboxFacts {
  bool filtered = false;               // this process has a seccomp filter
  bool no_new_privs = false;           // set for tether itself
  std::string container;               // the engine, as far as a mark tells; empty: none
  std::string confined_by;             // the label of a security module; empty: none
  std::optional<bool> user_namespace;  // not the machine's first one; none without /proc
  std::optional<bool> pid_namespace;   // likewise
};

SandboxFacts collect_sandbox_facts();

// The names of the effective capabilities that make a difference to tether.
std::vector<std::string> capabilities_that_matter();

}  // namespace tether
