#include "run/notices.hpp"

#include <fmt/format.h>

#include <string>

#include "report/messages.hpp"

namespace tether {

void tell_of_start(const Options& options, const Prepared& prepared, const BoundChild& bound) {
  const std::string& notice = prepared.launch->files().detach_notice();
  if (!notice.empty() && !options.quiet) say(notice);
  if (!options.verbose) return;
  say(fmt::format("started '{}' as process {}, by {}", options.command[0], bound.child.pid,
                  call_name(bound.way)));
  for (const GuaranteeRow& row : guarantee_table)
    if (is_told(row, bound.guarantees))
      say(fmt::format("{}: {}", row.label,
                      explain(row.guarantee, bound.guarantees.*row.guarantee)));
  if (prepared.cgroup)
    for (const std::string& note : prepared.cgroup->notes()) say("cgroup: " + note);
}

namespace {

// Also where all else went well: the caller asked for the whole tree.
void tell_of_survivors(const Options& options, const Outcome& outcome) {
  const int survivors = outcome.tree ? outcome.tree->out_of_reach : 0;
  if (survivors == 0 || options.quiet) return;
  say(fmt::format("{} {} of '{}' could not be ended", survivors,
                  survivors == 1 ? "descendant" : "descendants", options.command[0]));
}

}  // namespace

void tell_of_end(const Options& options, const Outcome& outcome) {
  tell_of_survivors(options, outcome);
  if (!options.verbose) return;
  const char* why = explain(outcome.cause);
  say(fmt::format("'{}' {} after {:.3f} s{}{}{}", options.command[0], manner_of(outcome.ending),
                  outcome.elapsed_s, why != nullptr ? ": " : "", why != nullptr ? why : "",
                  outcome.escalated ? ", and SIGKILL was needed" : ""));
  const int left = outcome.tree && !outcome.ended_by_kernel ? outcome.tree->ended : 0;
  if (left > 0)
    say(fmt::format("{} {} ended", left, left == 1 ? "descendant was" : "descendants were"));
}

}  // namespace tether
