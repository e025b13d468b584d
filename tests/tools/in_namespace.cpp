// in-namespace COMMAND [ARG]... - runs COMMAND in a PID namespace made as tether makes it; the tool
// is the first process there. Exits with COMMAND's status, or 125 and tether's own words.
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>

#include "report/messages.hpp"
#include "spawn/namespace_failure.hpp"
#include "sys/clone.hpp"
#include "sys/namespaces.hpp"

namespace {

int wait_for(pid_t pid) {
  int status = 0;
  if (::waitpid(pid, &status, 0) != pid) return tether::exit_tether_failed;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

[[noreturn]] void be_first(const tether::NamespacePlan& plan, int report_fd, char** command) {
  const tether::NamespaceStatus status = tether::set_up_namespaces(plan);
  const bool told = ::write(report_fd, &status, sizeof status) == sizeof status;
  if (!told || !status.ok()) ::_exit(tether::exit_tether_failed);
  const pid_t pid = ::fork();
  if (pid < 0) ::_exit(tether::exit_tether_failed);
  if (pid > 0) ::_exit(wait_for(pid));
  (void)::execvp(command[0], command);
  std::perror(command[0]);
  ::_exit(tether::exit_cannot_execute);
}

int refused(const tether::NamespacePlan& plan, const tether::NamespaceStatus& status) {
  tether::say(tether::namespace_failure(plan, status));
  return tether::exit_tether_failed;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return tether::exit_tether_failed;
  const tether::NamespacePlan plan = tether::plan_namespaces();
  int ends[2] = {-1, -1};
  if (::pipe(ends) != 0) return tether::exit_tether_failed;
  const tether::Cloned cloned =
      tether::fork_with_pidfd(tether::probe_kernel().way, tether::namespace_flags(plan), SIGCHLD);
  if (cloned.pid < 0) return refused(plan, {tether::NamespaceStep::clone, cloned.error_number});
  (void)::close(ends[cloned.pid == 0 ? 0 : 1]);
  if (cloned.pid == 0) be_first(plan, ends[1], argv + 1);
  tether::NamespaceStatus status;
  const bool told = ::read(ends[0], &status, sizeof status) == sizeof status;
  const int exit_status = wait_for(cloned.pid);
  if (told && !status.ok()) return refused(plan, status);
  return exit_status;
}
