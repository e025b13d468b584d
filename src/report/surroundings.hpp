// What --features reports beside the clone flags: the sandbox, tether's privileges, and the means
// that are available.
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
  // The means for the autoreap of --detach without a keeper, for a tie, and all those for a tree.
  Means detached_autoreap = Means::none;
  Means tie = Means::none;
  std::vector<Means> trees;
};

// Adds the fields of the features record.
void add_to(nlohmann::ordered_json& record, const Surroundings& around);

}  // namespace tether
