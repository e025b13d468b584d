#include "report/surroundings.hpp"

#include <nlohmann/json.hpp>

#include "report/json_text.hpp"

namespace tether {
namespace {

using Json = nlohmann::ordered_json;

// Bytes for each text: all together stay below record_limit.
constexpr std::size_t entry_limit = 400;

Json text_or_null(const std::string& text) {
  return text.empty() ? Json(nullptr) : Json(cut_to(text, entry_limit));
}

Json label_or_null(Means means) {
  const char* label = name_of(means);
  return label != nullptr ? Json(label) : Json(nullptr);
}

Json or_null(const std::optional<bool>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json sandbox_of(const SandboxFacts& sandbox) {
  return {{"seccomp_filter", sandbox.filtered},
          {"no_new_privs", sandbox.no_new_privs},
          {"container", text_or_null(sandbox.container)},
          {"security_label", text_or_null(sandbox.confined_by)},
          {"user_namespace", or_null(sandbox.user_namespace)},
          {"pid_namespace", or_null(sandbox.pid_namespace)}};
}

}  // namespace

void add_to(Json& record, const Surroundings& around) {
  record["tether"] = TETHER_VERSION;
  record["machine"] = around.machine;
  record["sandbox"] = sandbox_of(around.sandbox);
  record["uid"] = around.user;
  record["capabilities"] = around.capabilities;
  record["pid_namespaces"] = {{"permitted", around.why_no_pid_namespace.empty()},
                              {"with_user_namespace", around.user_namespace_needed},
                              {"reason", text_or_null(around.why_no_pid_namespace)}};
  record["cgroup"] = {{"directory", text_or_null(around.cgroup.directory)},
                      {"delegated", around.cgroup.delegated},
                      {"reason", text_or_null(around.cgroup.why_not)}};
  record["autoreap_detached"] = label_or_null(around.detached_autoreap);
  record["supervisor"] = label_or_null(around.tie);
  record["trees"] = Json::array();
  for (const Means means : around.trees) record["trees"].push_back(name_of(means));
}

}  // namespace tether
