#include "modes/become.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <paths.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <utility>
#include <vector>

#include "modes/background.hpp"
#include "report/records.hpp"
#include "sys/deadline.hpp"
#include "sys/descriptors.hpp"
#include "sys/passing.hpp"
#include "sys/pidfd.hpp"

namespace tether {
namespace {

// The environment variables that tell the command which descriptors it holds.
constexpr const char* pidfd_variable = "TETHER_PIDFD_FD";
constexpr const char* lifeline_variable = "TETHER_LIFELINE_FD";

Failure become_failure(int error_number) {
  return Failure{.stage = Stage::hand_over, .error_number = error_number};
}

// If an earlier program of this process has made it a subreaper, the orphaned child would become
// this process's own. While this object lives, the process is no subreaper.
class NoAdoption {
 public:
  NoAdoption() {
    (void)::prctl(PR_GET_CHILD_SUBREAPER, &adopts_, 0, 0, 0);
    if (adopts_ != 0) (void)::prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0);
  }
  NoAdoption(const NoAdoption&) = delete;
  NoAdoption& operator=(const NoAdoption&) = delete;
  ~NoAdoption() {
    if (adopts_ != 0) (void)::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  }
  // For a fork: the attribute is not inherited (PR_SET_CHILD_SUBREAPER(2const)).
  void forget() { adopts_ = 0; }

 private:
  int adopts_ = 0;
};

// Puts the received descriptors where the command finds them, open across its exec. False and errno
// on failure.
bool place(const std::vector<UniqueFd>& received, int pidfd_fd) {
  if (::dup2(received[0].get(), pidfd_fd) < 0) return false;
  (void)::setenv(pidfd_variable, std::to_string(pidfd_fd).c_str(), 1);
  (void)::unsetenv(lifeline_variable);
  if (received.size() < 2) return true;
  int lifeline = ::fcntl(received[1].get(), F_DUPFD, pidfd_fd + 1);
  if (lifeline < 0) lifeline = ::fcntl(received[1].get(), F_DUPFD, STDERR_FILENO + 1);
  if (lifeline < 0) return false;
  (void)::setenv(lifeline_variable, std::to_string(lifeline).c_str(), 1);
  return true;
}

// Returns only on failure.
Failure exec_shell(const Options& options, const Inherited& inherited,
                   const InheritedSignals& signals) {
  // A keeper uses these descriptors: a copy in the command would keep a reader from its end of
  // file.
  for (const auto& fd : {options.status_fd, options.die_on_eof, options.block_fd})
    if (fd) withhold(*fd);
  if (inherited.open_files) (void)::setrlimit(RLIMIT_NOFILE, &*inherited.open_files);
  give_back_signals(signals);
  (void)::execl(_PATH_BSHELL, "sh", "-c", options.become->c_str(), nullptr);
  return Failure{
      .stage = Stage::exec, .error_number = errno, .path = _PATH_BSHELL, .detail = _PATH_BSHELL};
}

// Ends a child that the go-between has sent although it failed: no process will hold it.
void end_what_came(int socket) {
  if (!has_event(socket)) return;
  std::array<char, record_limit> record{};
  std::vector<UniqueFd> received;
  (void)receive_with_descriptors(socket, record.data(), record.size(), received);
  if (!received.empty()) (void)send_signal(received[0].get(), SIGKILL);
}

Failure become_shell(const Options& options, const Inherited& inherited,
                     const InheritedSignals& signals, int socket) {
  std::array<char, record_limit> record{};
  std::vector<UniqueFd> received;
  const ssize_t got = receive_with_descriptors(socket, record.data(), record.size(), received);
  // The go-between has exited with 0, after it had sent the message.
  if (got <= 0 || received.empty()) {
    const int error_number = got < 0 ? errno : EMFILE;
    if (!received.empty()) (void)send_signal(received[0].get(), SIGKILL);
    return become_failure(error_number);
  }
  Failure failure = place(received, *options.pidfd_fd) ? exec_shell(options, inherited, signals)
                                                       : become_failure(errno);
  // No other process will hold the child.
  (void)send_signal(received[0].get(), SIGKILL);
  return failure;
}

}  // namespace

Result<int> become(const Options& options, const Inherited& inherited,
                   std::optional<Receiver>& receiver) {
  std::array<int, 2> ends{-1, -1};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0)
    return become_failure(errno);
  const UniqueFd ours(ends[0]);
  UniqueFd theirs(ends[1]);
  InheritedSignals signals;
  std::optional<Result<int>> returned;
  {
    NoAdoption no_adoption;
    returned = fork_go_between(signals);
    if (!returned) no_adoption.forget();
  }
  if (!returned) {
    receiver.emplace(std::move(theirs));
    return 0;
  }
  if (!returned->ok() || returned->value() != 0) {
    end_what_came(ours.get());
    return *returned;
  }
  theirs.reset();
  return become_shell(options, inherited, signals, ours.get());
}

}  // namespace tether
