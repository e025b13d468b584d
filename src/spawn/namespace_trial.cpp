#include "spawn/namespace_trial.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "spawn/namespace_failure.hpp"
#include "sys/namespaces.hpp"
#include "sys/unique_fd.hpp"

namespace tether {
namespace {

[[noreturn]] void report_and_end(const NamespacePlan& plan, int pipe_fd) {
  const NamespaceStatus status = set_up_namespaces(plan);
  const bool written = ::write(pipe_fd, &status, sizeof status) == sizeof status;
  ::_exit(written ? 0 : 1);
}

}  // namespace

Status try_namespaces(CloneWay way) {
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC) != 0)
    return Failure{.stage = Stage::namespaces, .error_number = errno};
  const UniqueFd reading(ends[0]);
  UniqueFd writing(ends[1]);
  const NamespacePlan plan = plan_namespaces();
  const Cloned first = fork_with_pidfd(way, namespace_flags(plan), 0);
  if (first.pid < 0) return namespace_failure(plan, {NamespaceStep::clone, first.error_number});
  if (first.pid == 0) report_and_end(plan, writing.get());
  writing.reset();
  NamespaceStatus status{NamespaceStep::clone, ECHILD};
  while (::read(reading.get(), &status, sizeof status) < 0 && errno == EINTR) {
  }
  while (::waitpid(first.pid, nullptr, __WALL) < 0 && errno == EINTR) {
  }
  if (status.ok()) return Unit{};
  return namespace_failure(plan, status);
}

}  // namespace tether
