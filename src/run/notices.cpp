#include "run/notices.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <string>

#include "report/messages.hpp"

namespace tether {

Status say_nohup_notice(const Options& options, const Launch& launch) {
  const std::string& notice = launch.files().nohup_notice();
  if (notice.empty() || options.quiet || say(notice)) return Unit{};
  return Failure{.stage = Stage::descriptor, .error_number = errno, .detail = "standard error"};
}

void tell_of_start(const Options& options, const Prepared& prepared, const BoundChild& bound) {
  const std::string& notice = prepared.launch->files().detach_notice();
  if (!notice.empty() && !options.quiet) say(notice);
  if (!options.verbose) return;
  say(fmt::format("started '{}' as process {}, by {}", options.command[0], bound.child.pid,
                  call_name(bound.way)));
  for (const GuaranteeRow& row : guarantee_table)
    if (is_told(row, bound.guarantees))
      say(fmt::format("{}: {}", row.label, row.explain(bound.guarantees.*row.means)));
  if (prepared.cgroup)
    for (const std::string& note : prepared.cgroup->notes()) say("cgroup: " + note);
}

}  // namespace tether
