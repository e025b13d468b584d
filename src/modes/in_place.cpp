#include <fcntl.h>
#include <fmt/format.h>
#include <paths.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <utility>

#include "modes/modes.hpp"
#include "report/messages.hpp"
#include "setup/pidfile.hpp"
#include "setup/preparation.hpp"
#include "spawn/child.hpp"
#include "sys/pidfd.hpp"
#include "sys/processes.hpp"
#include "sys/signals.hpp"

namespace tether {
namespace {

// This process becomes COMMAND, with the same pid and start time.
Status write_own(std::optional<Pidfile>& pidfile, const std::string& path) {
  if (!pidfile) return Unit{};
  const UniqueFd self(open_pidfd(::getpid()));
  if (!self) return Failure{.stage = Stage::pidfile, .error_number = errno, .path = path};
  return pidfile->write_for(::getpid(), self.get());
}

Failure explain(const ChildReport& report, const Launch& launch) {
  Failure failure{.stage = report.stage, .error_number = report.error_number};
  if (report.stage == Stage::exec) return launch.explain_exec(failure);
  if (report.stage == Stage::session)
    failure.hint =
        "the leader of a process group cannot: leave out --exec, or start tether from a script";
  return failure;
}

// Opens the terminal anew: with --close-fds the descriptor that handed it on is closed.
void give_terminal_back_to(pid_t group) {
  const UniqueFd terminal(::open(_PATH_TTY, O_RDWR | O_CLOEXEC | O_NOCTTY));
  if (terminal) (void)::tcsetpgrp(terminal.get(), group);
}

}  // namespace

Failure run_in_place(const Options& options, Inherited& inherited) {
  Prepared prepared;
  if (Status opened = prepare(prepared, Depth::open, options, inherited, nullptr); !opened.ok())
    return opened.failure();
  const Launch& launch = *prepared.launch;
  std::optional<Pidfile>& pidfile = prepared.pidfile;
  Guarantees chosen;
  if (options.nnp) chosen.nnp = Means::prctl;  // no clone is called

  inherited.signals = take_over_signals();
  if (Status said = launch.say_nohup_notice(); !said.ok()) return said.failure();
  if (Status written = write_own(pidfile, options.pidfile.value_or("")); !written.ok())
    return written.failure();
  if (options.verbose)
    say(fmt::format(
        "becoming '{}' as process {}{}", options.command[0], ::getpid(),
        options.nnp ? fmt::format(", with {}", explain(&Guarantees::nnp, chosen.nnp)) : ""));
  ChildPlan plan = launch.plan(chosen);
  const UniqueFd own_error(::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
  plan.own_error_fd = own_error.get();
  const pid_t group = ::getpgrp();
  const ChildReport report = become_command(plan);
  if (own_error) (void)::dup2(own_error.get(), STDERR_FILENO);
  if (plan.terminal_fd >= 0) give_terminal_back_to(group);
  if (pidfile) pidfile->remove();
  return explain(report, launch);
}

}  // namespace tether
