#include "setup/child_cgroup.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <utility>

#include "failure.hpp"
#include "sys/cgroup_files.hpp"
#include "sys/kernel_text.hpp"

namespace tether {
namespace {

// The errors of clone3 and of a write to cgroup.procs that are about the cgroup (clone(2)).
constexpr int errors_about_cgroup[] = {EACCES, EBUSY, EOPNOTSUPP, ENODEV, ENOENT};

bool is_about_cgroup(const Failure& failure) {
  if (failure.stage != Stage::clone) return failure.stage == Stage::cgroup;
  return std::find(std::begin(errors_about_cgroup), std::end(errors_about_cgroup),
                   failure.error_number) != std::end(errors_about_cgroup);
}

// Without the newline at its end.
std::string text_of(const Cgroup& cgroup, const char* file) {
  std::string text = read_small_file(cgroup.fd(), file).value_or(std::string());
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

std::string hint_for(const Cgroup& cgroup, int error_number) {
  switch (error_number) {
    case EACCES: {
      const std::string file = cgroup.unwritable_file();
      if (file.empty()) return {};
      return fmt::format("not delegated: '{}' is not writable, and must be", file);
    }
    case EBUSY: {
      const std::string enabled = text_of(cgroup, "cgroup.subtree_control");
      if (enabled.empty()) return {};
      return fmt::format(
          "its cgroup.subtree_control has '{}', so processes can be in directories below it only",
          enabled);
    }
    case EOPNOTSUPP:
      return fmt::format("its cgroup.type is '{}': part of a threaded subtree, or next to one",
                         text_of(cgroup, "cgroup.type"));
    case ENOENT:
      return "the directory is outside the cgroup namespace of tether";
    case ENODEV:
      return "another process has removed the directory";
    default:
      return {};
  }
}

// Why `file` of `controller` does not exist; empty if it does.
std::string why_missing(const Cgroup& cgroup, const char* controller, const char* file) {
  if (read_small_file(cgroup.fd(), file)) return {};
  if (cgroup.events_fd() < 0) return "the root of the hierarchy has no such file";
  if (has_word(text_of(cgroup, "cgroup.controllers"), controller))
    return fmt::format("this kernel has no {}", file);
  const std::string& path = cgroup.full_path();
  const std::size_t slash = path.rfind('/');
  return fmt::format("controller {} is not delegated by '{}/cgroup.subtree_control'", controller,
                     path.substr(0, slash == std::string::npos ? 0 : slash));
}

}  // namespace

Failure explain_by(const Cgroup& cgroup, Failure failure) {
  if (!is_about_cgroup(failure) || !failure.path.empty()) return failure;
  failure.stage = Stage::cgroup;
  failure.path = cgroup.path();
  failure.hint = hint_for(cgroup, failure.error_number);
  return failure;
}

Result<ChildCgroup> ChildCgroup::open(const std::string& path) {
  Result<Cgroup> opened = Cgroup::open_or_make(path);
  if (!opened.ok()) return opened.failure();
  return ChildCgroup(std::move(opened.value()));
}

Status ChildCgroup::enter_by(const KernelSupport& support, SpawnRequest& request, ChildPlan& plan) {
  if (support.way == CloneWay::clone3 && support.into_cgroup) {
    request.cgroup_fd = cgroup_.fd();
    return Unit{};
  }
  procs_.reset(::openat(cgroup_.fd(), "cgroup.procs", O_WRONLY | O_CLOEXEC));
  if (!procs_) return explain_by(cgroup_, Failure{.stage = Stage::cgroup, .error_number = errno});
  plan.cgroup_procs_fd = procs_.get();
  return Unit{};
}

std::vector<std::string> ChildCgroup::notes() const {
  std::vector<std::string> lines;
  const auto add = [&](const char* field, const std::string& reason) {
    if (!reason.empty()) lines.push_back(fmt::format("{} stays unknown: {}", field, reason));
  };
  add("memory_peak_bytes", why_missing(cgroup_, "memory", "memory.peak"));
  add("pids_peak", why_missing(cgroup_, "pids", "pids.peak"));
  return lines;
}

CgroupRecord ChildCgroup::measure(std::optional<Usage>& usage) const {
  CgroupRecord record;
  record.path = cgroup_.full_path();
  const auto used = meter_.read(cgroup_);
  if (!used) return record;
  record.memory_peak_bytes = used->memory_peak_bytes;
  record.pids_peak = used->pids_peak;
  if (!usage) usage.emplace();
  usage->from = Usage::From::cgroup;
  usage->user_s = static_cast<double>(used->user_us) / 1e6;
  usage->system_s = static_cast<double>(used->system_us) / 1e6;
  return record;
}

std::string ChildCgroup::remove() {
  const Status removed = cgroup_.remove();
  if (removed.ok()) return {};
  const std::size_t left = cgroup_.members().size();
  const std::string why = left == 0   ? error_text(removed.failure().error_number)
                          : left == 1 ? std::string("a process is left in it")
                                      : fmt::format("{} processes are left in it", left);
  return fmt::format("cgroup '{}' stays: {}", cgroup_.path(), why);
}

}  // namespace tether
