#include "report/records.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>

#include "report/json_text.hpp"
#include "report/messages.hpp"
#include "report/stage_table.hpp"
#include "sys/errors.hpp"
#include "sys/signal_names.hpp"

namespace tether {
namespace {

// Keeps the fields in the order in which they are added.
using Json = nlohmann::ordered_json;

// Bytes for each long text: two of them and the other fields stay below record_limit.
constexpr std::size_t text_limit = 1700;

Json or_null(const char* text) {
  return text != nullptr ? Json(text) : Json(nullptr);
}

template <typename Value>
Json or_null(const std::optional<Value>& value) {
  return value ? Json(*value) : Json(nullptr);
}

double round_to_us(double seconds) {
  return std::round(seconds * 1e6) / 1e6;
}

std::string to_rfc3339(const timespec& time) {
  // Not by gmtime_r(3), which reads /etc/localtime for a time zone that it does not use.
  const std::chrono::sys_seconds second{std::chrono::seconds(time.tv_sec)};
  const auto midnight = std::chrono::floor<std::chrono::days>(second);
  const std::chrono::year_month_day date(midnight);
  const std::chrono::hh_mm_ss clock(second - midnight);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count(),
                     time.tv_nsec / 1000);
}

Json guarantees_of(const Guarantees& guarantees) {
  Json fields = Json::object();
  for (const GuaranteeRow& row : guarantee_table)
    fields[row.field] = or_null(name_of(guarantees.*row.guarantee));
  return fields;
}

// Puts as much of `command` into the record as fits; sets command_truncated if that is not all.
std::string with_command(Json record, char* const* command) {
  Json all = Json::array();
  for (char* const* word = command; *word != nullptr; ++word) all.push_back(*word);
  record["command"] = std::move(all);
  std::string whole = dump(record) + "\n";
  if (whole.size() <= record_limit) return whole;

  record["command"] = Json::array();
  std::size_t room = record_limit - dump(record).size() -
                     std::strlen(R"(,"command_truncated":true)") - std::strlen("\n");
  Json words = Json::array();
  for (; *command != nullptr; ++command) {
    // With quotes and a comma.
    const std::size_t size = dump(*command).size() + 1;
    if (size > room) {
      const std::string part = room > 2 ? cut_to(*command, room - 1) : std::string();
      if (!part.empty()) words.push_back(part);
      break;
    }
    words.push_back(*command);
    room -= size;
  }
  record["command"] = std::move(words);
  record["command_truncated"] = true;
  return dump(record) + "\n";
}

Json record_of(const char* kind) {
  return {{"record", kind}, {"version", 1}};
}

// The names of each enum's values, in its order.
constexpr const char* code_names[] = {"exited", "killed", "dumped"};
constexpr const char* holder_names[] = {"tether", "keeper", "socket", "become", "nobody"};
constexpr const char* usage_names[] = {"wait", "namespace", "cgroup", "sampled"};

const char* name_of(Ending::Code code) {
  return code_names[static_cast<std::size_t>(code)];
}

const char* name_of(HeldBy held_by) {
  return holder_names[static_cast<std::size_t>(held_by)];
}

const char* name_of(Usage::From from) {
  return usage_names[static_cast<std::size_t>(from)];
}

}  // namespace

const char* name_of(Stage stage) {
  return row_of(stage).name;
}

std::string to_line(const StartRecord& start) {
  Json record = record_of(start.is_held_at_gate ? "spawned" : "start");
  record["pid"] = start.pid;
  record["command"] = Json::array();
  record["started_at"] = to_rfc3339(start.started_at);
  record["pidfs_inode"] = or_null(start.pidfs_inode);
  record["init_pid"] = start.init_pid > 0 ? Json(start.init_pid) : Json(nullptr);
  const bool tether_stays = start.held_by != HeldBy::nobody && start.supervisor_pid > 0;
  record["supervisor_pid"] = tether_stays ? Json(start.supervisor_pid) : Json(nullptr);
  record["held_by"] = name_of(start.held_by);
  record["guarantees"] = guarantees_of(start.guarantees);
  return with_command(std::move(record), start.command);
}

std::string to_line(const ReadyRecord& ready) {
  Json record = record_of("ready");
  record["pid"] = ready.pid;
  record["after_s"] = round_to_us(ready.after_s);
  record["status"] = ready.status ? Json(cut_to(*ready.status, text_limit)) : Json(nullptr);
  return dump(record) + "\n";
}

std::string to_line(const ExitRecord& exit) {
  const bool exited = exit.ending.code == Ending::Code::exited;
  Json record = record_of("exit");
  record["pid"] = exit.pid;
  record["code"] = name_of(exit.ending.code);
  record["status"] = exited ? Json(exit.ending.exit_code) : Json(nullptr);
  record["signal"] = exited ? Json(nullptr) : Json(signal_name(exit.ending.signal));
  record["cause"] = name_of(exit.cause);
  record["escalated"] = exit.escalated;
  record["elapsed_s"] = round_to_us(exit.elapsed_s);
  record["user_s"] = nullptr;
  record["system_s"] = nullptr;
  record["max_rss_kib"] = nullptr;
  record["usage_from"] = nullptr;
  if (exit.usage) {
    record["user_s"] = round_to_us(exit.usage->user_s);
    record["system_s"] = round_to_us(exit.usage->system_s);
    record["max_rss_kib"] = or_null(exit.usage->max_rss_kib);
    record["usage_from"] = name_of(exit.usage->from);
  }
  if (exit.cgroup) {
    record["cgroup"] = cut_to(exit.cgroup->path, text_limit);
    record["memory_peak_bytes"] = or_null(exit.cgroup->memory_peak_bytes);
    record["pids_peak"] = or_null(exit.cgroup->pids_peak);
  }
  record["leftover"] = or_null(exit.leftover);
  record["survivors"] = or_null(exit.survivors);
  record["exit_status"] = exit.exit_status;
  return dump(record) + "\n";
}

std::string to_line(const FeaturesRecord& features) {
  Json record = record_of("features");
  record["kernel"] = features.kernel;
  record["call"] = call_name(features.support.way);
  record["clone3_error"] = features.support.clone3_error != 0
                               ? Json(error_name(features.support.clone3_error))
                               : Json(nullptr);
  record["flags"] = {{"CLONE_AUTOREAP", features.support.autoreap},
                     {"CLONE_NNP", features.support.nnp},
                     {"CLONE_PIDFD_AUTOKILL", features.support.autokill},
                     {"CLONE_INTO_CGROUP", features.support.into_cgroup}};
  record["guarantees"] = guarantees_of(features.guarantees);
  if (features.around) add_to(record, *features.around);
  return dump(record) + "\n";
}

std::string to_line(const DryRunRecord& dry_run) {
  Json record = record_of("dry-run");
  record["command"] = Json::array();
  record["path"] =
      dry_run.located.empty() ? Json(nullptr) : Json(cut_to(dry_run.located, text_limit));
  record["call"] = dry_run.call;
  record["flags"] = dry_run.flags;
  record["held_by"] = dry_run.held_by ? Json(name_of(*dry_run.held_by)) : Json(nullptr);
  if (dry_run.cgroup) record["cgroup"] = cut_to(*dry_run.cgroup, text_limit);
  record["guarantees"] = guarantees_of(dry_run.guarantees);
  return with_command(std::move(record), dry_run.command);
}

std::string error_line(const Failure& failure) {
  Json record = record_of("error");
  record["stage"] = name_of(failure.stage);
  record["errno"] =
      failure.error_number != 0 ? Json(error_name(failure.error_number)) : Json(nullptr);
  record["path"] = failure.path.empty() && failure.stage != Stage::exec
                       ? Json(nullptr)
                       : Json(cut_to(failure.path, text_limit));
  record["message"] = cut_to(describe(failure), text_limit);
  record["exit_status"] = exit_status_of(failure);
  return dump(record) + "\n";
}

}  // namespace tether
