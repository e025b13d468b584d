#include "setup/preparation.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "sys/cgroup.hpp"
#include "sys/descriptors.hpp"
#include "sys/pidfd.hpp"
#include "sys/privilege.hpp"

namespace tether {
namespace {

// Moves what was opened to its place, which is empty.
template <typename Value>
Status put(Result<Value> opened, std::optional<Value>& place) {
  if (!opened.ok()) return opened.failure();
  place.emplace(std::move(opened.value()));
  return Unit{};
}

struct Questions {
  Prepared& prepared;
  Depth depth;
  const Options& options;
  const Inherited& inherited;
  Receiver* receiver;
  CallersDescriptors callers;

  [[nodiscard]] bool looks() const { return depth == Depth::look; }

  Status records() {
    return looks() ? check_record_descriptors(options, callers)
                   : prepared.reporter.open(options, callers);
  }

  Status privilege() { return check_privilege(options, facts_for(options, nullptr)); }

  Status receiving_end() {
    if (receiver != nullptr) return receiver->open(options, callers);
    const bool is_named = looks() && options.pidfd_fd && !options.become;
    return is_named ? Receiver().open(options, callers) : Status(Unit{});
  }

  Status gate() {
    if (!options.block_fd) return Unit{};
    const int fd = *options.block_fd;
    if (!callers.has(fd)) return descriptor_failure(EBADF, fmt::format("--block-fd={}", fd));
    withhold(fd);
    return Unit{};
  }

  Status ties() { return prepared.ties.open(options, inherited.parent, callers); }

  Status command() { return put(Launch::prepare(options, inherited), prepared.launch); }

  Status pidfile() {
    if (looks() || !options.pidfile) return Unit{};
    return put(Pidfile::claim(*options.pidfile), prepared.pidfile);
  }

  Status files() { return looks() ? Status(Unit{}) : prepared.launch->open_files(); }

  Status readiness() {
    if (looks() || !options.notify) return Unit{};
    Status opened = prepared.readiness.open(*options.notify);
    if (opened.ok()) prepared.readiness.give_to(*prepared.launch);
    return opened;
  }

  Status cgroup() {
    if (!options.cgroup) return Unit{};
    if (looks()) return look_at_cgroup();
    Status opened = put(ChildCgroup::open(*options.cgroup), prepared.cgroup);
    if (!opened.ok() || !options.tree) return opened;
    return prepared.cgroup->cgroup().check_free_of_others();
  }

  Status look_at_cgroup() {
    Status found = put(Cgroup::look(*options.cgroup), prepared.seen_cgroup);
    if (!found.ok() || !options.tree || !prepared.seen_cgroup->is_there()) return found;
    return prepared.seen_cgroup->check_free_of_others();
  }

  // Before the spawn: tether becomes a subreaper, which inherits the tree if the warden dies.
  Status tree() {
    if (!options.tree) return Unit{};
    if (!can_see_family())
      return Failure{.stage = Stage::guarantee,
                     .detail = "--tree needs /proc to find the descendants",
                     .hint = "mount -t proc proc /proc"};
    if (looks()) return Unit{};
    if (!adopt_orphans()) return Failure{.stage = Stage::helper, .error_number = errno};
    prepared.strangers = children_of(::getpid());
    return Unit{};
  }
};

// Steps that make files come late, after those that may wait for another process. The pidfile comes
// before the files, so that the log of a service that runs already is not touched.
constexpr Status (Questions::*in_order[])() = {
    &Questions::records,   &Questions::privilege, &Questions::receiving_end, &Questions::gate,
    &Questions::ties,      &Questions::command,   &Questions::pidfile,       &Questions::files,
    &Questions::readiness, &Questions::cgroup,    &Questions::tree,
};

}  // namespace

Status prepare(Prepared& prepared, Depth depth, const Options& options, const Inherited& inherited,
               Receiver* receiver) {
  Questions questions{
      prepared, depth,
      options,  inherited,
      receiver, {options.status_fd, options.block_fd, options.die_on_eof, options.pidfd_fd}};
  for (const auto question : in_order)
    if (Status answer = (questions.*question)(); !answer.ok()) return answer;
  return Unit{};
}

CallerFacts facts_for(const Options& options, const Launch* launch) {
  CallerFacts caller;
  if (!options.autokill && !options.has_tie()) return caller;
  caller.sys_admin = has_sys_admin();
  caller.may_change_credentials = may_change_credentials();
  caller.is_first_process = ::getpid() == 1;
  caller.command_has_capabilities = launch != nullptr && launch->command_has_capabilities();
  return caller;
}

}  // namespace tether
