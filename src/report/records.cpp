#include "report/records.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>

#include "enum_table.hpp"
#include "failure.hpp"
#include "report/messages.hpp"
#include "sys/signal_names.hpp"

namespace tether {
namespace {

// Keeps the fields in the order in which they are added.
using Json = nlohmann::ordered_json;

// Bytes for each long text: two of them and the other fields stay below record_limit.
constexpr std::size_t text_limit = 1700;
// Bytes for each text of the features record: all together stay below record_limit.
constexpr std::size_t entry_limit = 400;

// One line, without a newline. Bytes that are not UTF-8 become U+FFFD.
std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// The last character may be incomplete.
void drop_last_character(std::string& text) {
  const auto last = [&] { return static_cast<unsigned char>(text.back()); };
  for (int i = 0; i < 3 && !text.empty() && (last() & 0xC0U) == 0x80U; ++i) text.pop_back();
  if (!text.empty()) text.pop_back();
}

// A prefix of `text`, cut between characters. Its JSON form has at most `limit` bytes with quotes.
std::string cut_to(std::string text, std::size_t limit) {
  if (text.size() > limit) {
    text.erase(limit);  // each byte takes at least one in JSON
    drop_last_character(text);
  }
  while (!text.empty() && dump(text).size() > limit) {
    // A byte takes at most six in JSON (\u0001): this never cuts too much.
    text.erase(text.size() - (dump(text).size() - limit) / 6);
    drop_last_character(text);
  }
  return text;
}

Json or_null(const char* text) {
  return text != nullptr ? Json(text) : Json(nullptr);
}

template <typename Value>
Json or_null(const std::optional<Value>& value) {
  return value ? Json(*value) : Json(nullptr);
}

// As much of `text` as fits; null if it is empty.
Json text_or_null(const std::string& text, std::size_t limit) {
  return text.empty() ? Json(nullptr) : Json(cut_to(text, limit));
}

Json pid_or_null(pid_t pid) {
  return pid > 0 ? Json(pid) : Json(nullptr);
}

Json errno_or_null(int error_number) {
  return error_number != 0 ? Json(error_name(error_number)) : Json(nullptr);
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
  // No key is added while this reference is used: that would move the values.
  Json& words = record["command"];
  words = Json::array();
  for (char* const* word = command; *word != nullptr; ++word) words.push_back(*word);
  std::string whole = dump(record) + "\n";
  if (whole.size() <= record_limit) return whole;

  words = Json::array();
  std::size_t room = record_limit - dump(record).size() -
                     std::strlen(R"(,"command_truncated":true)") - std::strlen("\n");
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
  record["command_truncated"] = true;
  return dump(record) + "\n";
}

Json record_of(const char* kind) {
  return {{"record", kind}, {"version", 1}};
}

constexpr Named<Ending::Code> codes[] = {{Ending::Code::exited, "exited"},
                                         {Ending::Code::killed, "killed"},
                                         {Ending::Code::dumped, "dumped"}};
static_assert(has_each(codes, &Named<Ending::Code>::value, Ending::Code::dumped));

constexpr Named<HeldBy> holders[] = {{HeldBy::tether, "tether"},
                                     {HeldBy::keeper, "keeper"},
                                     {HeldBy::socket, "socket"},
                                     {HeldBy::become, "become"},
                                     {HeldBy::nobody, "nobody"}};
static_assert(has_each(holders, &Named<HeldBy>::value, HeldBy::nobody));

constexpr Named<Usage::From> sources[] = {{Usage::From::wait, "wait"},
                                          {Usage::From::in_namespace, "namespace"},
                                          {Usage::From::cgroup, "cgroup"},
                                          {Usage::From::sampled, "sampled"}};
static_assert(has_each(sources, &Named<Usage::From>::value, Usage::From::sampled));

Json sandbox_of(const SandboxFacts& sandbox) {
  return {{"seccomp_filter", sandbox.filtered},
          {"no_new_privs", sandbox.no_new_privs},
          {"container", text_or_null(sandbox.container, entry_limit)},
          {"security_label", text_or_null(sandbox.confined_by, entry_limit)},
          {"user_namespace", or_null(sandbox.user_namespace)},
          {"pid_namespace", or_null(sandbox.pid_namespace)}};
}

void add_to(Json& record, const Surroundings& around) {
  record["tether"] = TETHER_VERSION;
  record["machine"] = around.machine;
  record["sandbox"] = sandbox_of(around.sandbox);
  record["uid"] = around.user;
  record["capabilities"] = around.capabilities;
  record["pid_namespaces"] = {{"permitted", around.why_no_pid_namespace.empty()},
                              {"with_user_namespace", around.user_namespace_needed},
                              {"reason", text_or_null(around.why_no_pid_namespace, entry_limit)}};
  record["cgroup"] = {{"directory", text_or_null(around.cgroup.directory, entry_limit)},
                      {"delegated", around.cgroup.delegated},
                      {"reason", text_or_null(around.cgroup.why_not, entry_limit)}};
  record["autoreap_detached"] = or_null(name_of(around.detached_autoreap));
  record["supervisor"] = or_null(name_of(around.tie));
  record["trees"] = Json::array();
  for (const Means means : around.trees) record["trees"].push_back(name_of(means));
}

}  // namespace

std::string to_line(const StartRecord& start) {
  Json record = record_of(start.is_held_at_gate ? "spawned" : "start");
  record["pid"] = start.pid;
  record["command"] = Json::array();
  record["started_at"] = to_rfc3339(start.started_at);
  record["pidfs_inode"] = or_null(start.pidfs_inode);
  record["init_pid"] = pid_or_null(start.init_pid);
  const bool tether_stays = start.held_by != HeldBy::nobody;
  record["supervisor_pid"] = pid_or_null(tether_stays ? start.supervisor_pid : -1);
  record["held_by"] = row_of(holders, start.held_by).name;
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
  record["code"] = row_of(codes, exit.ending.code).name;
  record["status"] = exited ? Json(exit.ending.exit_code) : Json(nullptr);
  record["signal"] = exited ? Json(nullptr) : Json(signal_name(exit.ending.signal));
  record["cause"] = name_of(exit.cause);
  record["escalated"] = exit.escalated;
  record["elapsed_s"] = round_to_us(exit.elapsed_s);
  const Usage* usage = exit.usage ? &*exit.usage : nullptr;
  record["user_s"] = usage != nullptr ? Json(round_to_us(usage->user_s)) : Json(nullptr);
  record["system_s"] = usage != nullptr ? Json(round_to_us(usage->system_s)) : Json(nullptr);
  record["max_rss_kib"] = usage != nullptr ? or_null(usage->max_rss_kib) : Json(nullptr);
  record["usage_from"] = or_null(usage != nullptr ? row_of(sources, usage->from).name : nullptr);
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
  record["clone3_error"] = errno_or_null(features.support.clone3_error);
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
  record["path"] = text_or_null(dry_run.located, text_limit);
  record["call"] = dry_run.call;
  record["flags"] = dry_run.flags;
  record["held_by"] =
      dry_run.held_by ? Json(row_of(holders, *dry_run.held_by).name) : Json(nullptr);
  if (dry_run.cgroup) record["cgroup"] = cut_to(*dry_run.cgroup, text_limit);
  record["guarantees"] = guarantees_of(dry_run.guarantees);
  return with_command(std::move(record), dry_run.command);
}

std::string error_line(const Failure& failure) {
  Json record = record_of("error");
  record["stage"] = name_of(failure.stage);
  record["errno"] = errno_or_null(failure.error_number);
  record["path"] = failure.stage == Stage::exec ? Json(cut_to(failure.path, text_limit))
                                                : text_or_null(failure.path, text_limit);
  record["message"] = cut_to(describe(failure), text_limit);
  record["exit_status"] = exit_status_of(failure);
  return dump(record) + "\n";
}

}  // namespace tether
