// What --features tells beside the kernel's flags: the sandbox, the caller, and what is to be had.
#pragma once

#include <sys/types.h>

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "policy/guarantees.hpp"
#include "sys/cgroup_place.hpp"
#include "sys/sandbox_facts.hpp"

namespace tether {

struct Surroundings {
  std::string machine;  // uname -m
  SandboxFacts sandbox;
  uid_t user = 0;
  std::vector<std::string> capabilities;
  bool user_namespace_needed = false;  // for a PID namespace
  std::string why_no_pid_namespace;    // a sentence; empty: it is permitted
  CgroupPlace cgroup;
  // By what would be met: the autoreap of --detach, which needs no keeper; a tie; and a tree, in
  // each way that there is here.
  Means detached_autoreap = Means::none;
  Means tie = Means::none;
  std::vector<Means> trees;
};

// The fields of the features record for it.
void add_to(nlohmann::ordered_json& record, const Surroundings& around);

}  // namespace tether
