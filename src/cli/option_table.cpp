#include "cli/option_table.hpp"

#include <fmt/format.h>

#include <csignal>
#include <cstring>
#include <limits>

#include "cli/values.hpp"

namespace tether {
namespace {

using Problem = std::optional<std::string>;

template <bool Options::*field>
Problem set(Options& options, const std::string&) {
  options.*field = true;
  return std::nullopt;
}

std::optional<int> parse_descriptor(const std::string& text) {
  return parse_number(text, 0, std::numeric_limits<int>::max());
}

template <Mode mode>
Problem set_mode(Options& options, const std::string&) {
  options.mode = mode;
  return std::nullopt;
}

template <std::optional<std::string> Options::*field>
Problem set_file(Options& options, const std::string& value) {
  if (value.empty()) return "a file";
  options.*field = value;
  return std::nullopt;
}

template <std::optional<int> Options::*field>
Problem set_descriptor(Options& options, const std::string& value) {
  options.*field = parse_descriptor(value);
  if (!(options.*field)) return "a descriptor's number";
  return std::nullopt;
}

template <Duration Options::*field>
Problem set_duration(Options& options, const std::string& value) {
  const auto duration = parse_duration(value);
  if (!duration) return "a duration such as 1.5, 200ms, 30s, 5m, 2h, 1d or inf";
  options.*field = *duration;
  return std::nullopt;
}

Problem set_signal(Options& options, const std::string& value) {
  const auto signal = parse_signal(value);
  if (!signal && value == "0")
    return "a signal to end COMMAND with ('kill -0 PID' tests a process)";
  if (!signal) return "a signal's name or number";
  options.signal = *signal;
  return std::nullopt;
}

Problem add_rewrite(Options& options, const std::string& value) {
  const auto rewrite = parse_rewrite(value);
  if (!rewrite) return "FROM:TO, two signals (TO 0: none)";
  if (rewrite->from == SIGKILL || rewrite->from == SIGSTOP) return "a FROM that can be caught";
  options.rewrites.push_back(*rewrite);
  return std::nullopt;
}

Problem add_process(Options& options, const std::string& value) {
  const auto process = parse_process(value);
  if (!process) return "PID or PID:INODE";
  options.die_with.push_back(*process);
  return std::nullopt;
}

Problem set_notify(Options& options, const std::string& value) {
  options.notify = parse_notify(value);
  if (!options.notify) return "fd:N or socket";
  return std::nullopt;
}

Problem set_ctty(Options& options, const std::string&) {
  options.ctty = options.setsid = true;  // only a session leader can take a terminal (tty_ioctl(4))
  return std::nullopt;
}

Problem set_pid_namespace(Options& options, const std::string&) {
  options.pid_namespace = options.tree = true;
  return std::nullopt;
}

Problem set_pidfd_fd(Options& options, const std::string& value) {
  options.mode = Mode::hand_over;
  return set_descriptor<&Options::pidfd_fd>(options, value);
}

Problem set_become(Options& options, const std::string& value) {
  if (value.empty()) return "a shell command";
  options.become = value;
  return std::nullopt;
}

Problem add_success_status(Options& options, const std::string& value) {
  const auto status = parse_number(value, 0, 255);
  if (!status) return "an exit status from 0 to 255";
  options.success_status.push_back(*status);
  return std::nullopt;
}

Problem set_directory(Options& options, const std::string& value) {
  if (value.empty()) return "a directory";
  options.directory = value;
  return std::nullopt;
}

Problem set_cgroup(Options& options, const std::string& value) {
  if (value.empty()) return "a directory of cgroup v2";
  options.cgroup = value;
  return std::nullopt;
}

Problem set_umask(Options& options, const std::string& value) {
  options.umask = parse_umask(value);
  if (!options.umask) return "an octal mode from 0 to 777";
  return std::nullopt;
}

Problem add_assignment(Options& options, const std::string& value) {
  auto change = parse_assignment(value);
  if (!change) return "NAME=VALUE";
  options.environment.push_back(std::move(*change));
  return std::nullopt;
}

Problem add_unset(Options& options, const std::string& value) {
  if (value.empty() || value.find('=') != std::string::npos) return "a variable's name";
  options.environment.push_back({value, std::nullopt});
  return std::nullopt;
}

Problem add_kept_descriptor(Options& options, const std::string& value) {
  const auto fd = parse_descriptor(value);
  if (!fd) return "a descriptor's number";
  options.keep_fds.push_back(*fd);
  return std::nullopt;
}

constexpr const char* modes = "Run mode";
constexpr const char* ties = "Ties";
constexpr const char* hand_over = "Handing the pidfd over";
constexpr const char* privilege = "Privilege";
constexpr const char* session = "Session, terminal, signals";
constexpr const char* files = "Files and environment";
constexpr const char* readiness = "Readiness";
constexpr const char* reporting = "Reporting";

// clang-format off
constexpr OptionRow rows[] = {
    {"wait", nullptr, "w", nullptr, modes, "wait, and exit with COMMAND's status (default)", set_mode<Mode::wait>},
    {"detach", "fork", "df", nullptr, modes, "run COMMAND as a daemon; also -f and --fork", set_mode<Mode::detach>},
    {"exec", nullptr, "", nullptr, modes, "become COMMAND: same pid, no child", set_mode<Mode::in_place>},

    {"autoreap", nullptr, "", nullptr, ties, "COMMAND never becomes a zombie", set<&Options::autoreap>},
    {"autokill", nullptr, "", nullptr, ties, "SIGKILL COMMAND if tether (-d: keeper) dies", set<&Options::autokill>},
    {"die-with-parent", nullptr, "", nullptr, ties, "end COMMAND when tether's parent dies", set<&Options::die_with_parent>},
    {"die-with-pid", nullptr, "", "PID[:INODE]", ties, "end COMMAND when that process dies; repeatable", add_process},
    {"die-on-eof", nullptr, "", "FD", ties, "end COMMAND when FD is at end of file", set_descriptor<&Options::die_on_eof>},
    {"timeout", nullptr, "t", "DURATION", ties, "end COMMAND after that time; exit status 124", set_duration<&Options::timeout>},
    {"preserve-status", nullptr, "", nullptr, ties, "after a timeout, exit with COMMAND's status", set<&Options::preserve_status>},
    {"signal", nullptr, "s", "SIG", ties, "first signal to end COMMAND (default TERM)", set_signal},
    {"kill-after", nullptr, "k", "DURATION", ties, "time before SIGKILL (default 5s; 0, inf: never)", set_duration<&Options::kill_after>},
    {"success-status", nullptr, "", "N", ties, "exit 0 if COMMAND's status is N; repeatable", add_success_status},
    {"tree", nullptr, "", nullptr, ties, "end all descendants together with COMMAND", set<&Options::tree>},
    {"pid-namespace", nullptr, "", nullptr, ties, "--tree by a PID namespace: the kernel ends all", set_pid_namespace},
    {"cgroup", nullptr, "", "DIR", ties, "start COMMAND in that cgroup v2 directory", set_cgroup},
    {"strict", nullptr, "", nullptr, ties, "fail rather than emulate a guarantee", set<&Options::strict>},

    {"pidfd-fd", nullptr, "", "N", hand_over, "send COMMAND's pidfd over socket N, then exit", set_pidfd_fd},
    {"become", nullptr, "", "CMD", hand_over, "become a shell that runs CMD; the pidfd is at N", set_become},

    {"nnp", "no-new-privs", "", nullptr, privilege, "no_new_privs for COMMAND; also --no-new-privs", set<&Options::nnp>},

    {"setsid", nullptr, "", nullptr, session, "new session and process group", set<&Options::setsid>},
    {"setpgid", nullptr, "", nullptr, session, "new process group, which gets the signals", set<&Options::setpgid>},
    {"ctty", nullptr, "c", nullptr, session, "new session on standard input's terminal", set_ctty},
    {"nohup", nullptr, "", nullptr, session, "ignore SIGHUP, replace terminals like nohup(1)", set<&Options::nohup>},
    {"reset-signals", nullptr, "", nullptr, session, "default dispositions, no signal blocked", set<&Options::reset_signals>},
    {"rewrite", nullptr, "", "FROM:TO", session, "pass FROM on as TO (0: drop it); repeatable", add_rewrite},

    {"stdin", nullptr, "", "FILE", files, "read standard input from FILE", set_file<&Options::standard_input>},
    {"stdout", nullptr, "", "FILE", files, "append standard output to FILE", set_file<&Options::standard_output>},
    {"stderr", nullptr, "", "FILE", files, "append standard error to FILE", set_file<&Options::standard_error>},
    {"log", nullptr, "", "FILE", files, "append standard output and error to FILE", set_file<&Options::log>},
    {"truncate", nullptr, "", nullptr, files, "empty the output files first", set<&Options::truncate>},
    {"chdir", nullptr, "C", "DIR", files, "change directory before looking COMMAND up", set_directory},
    {"umask", nullptr, "", "MODE", files, "set the file mode creation mask (octal)", set_umask},
    {"env", nullptr, "", "NAME=VALUE", files, "set an environment variable; repeatable", add_assignment},
    {"unset-env", nullptr, "", "NAME", files, "remove an environment variable; repeatable", add_unset},
    {"clear-env", nullptr, "", nullptr, files, "start from an empty environment", set<&Options::clear_environment>},
    {"close-fds", nullptr, "", nullptr, files, "close every descriptor above 2", set<&Options::close_fds>},
    {"keep-fd", nullptr, "", "N", files, "leave descriptor N open; repeatable", add_kept_descriptor},
    {"pidfile", nullptr, "", "FILE", files, "write COMMAND's pid to FILE; one at a time", set_file<&Options::pidfile>},
    {"stop", nullptr, "", nullptr, files, "end the process in --pidfile, wait for its end", set_mode<Mode::stop>},

    {"notify", nullptr, "", "fd:N|socket", readiness, "how COMMAND reports that it is ready", set_notify},
    {"ready-timeout", nullptr, "", "DURATION", readiness, "end COMMAND if it is not ready by then", set_duration<&Options::ready_timeout>},
    {"block-fd", nullptr, "", "N", readiness, "execute COMMAND only when N is readable", set_descriptor<&Options::block_fd>},

    {"json", nullptr, "", nullptr, reporting, "write JSON records to standard output", set<&Options::json>},
    {"status-fd", nullptr, "", "N", reporting, "write JSON records to descriptor N", set_descriptor<&Options::status_fd>},
    {"status-file", nullptr, "", "FILE", reporting, "write JSON records to FILE, atomically", set_file<&Options::status_file>},
    {"print-pid", nullptr, "", nullptr, reporting, "write COMMAND's pid to standard output", set<&Options::print_pid>},
    {"dry-run", nullptr, "", nullptr, reporting, "show what would be done, run nothing", set<&Options::dry_run>},
    {"features", nullptr, "", nullptr, reporting, "show what this kernel and sandbox support", set<&Options::features>},
    {"verbose", nullptr, "v", nullptr, reporting, "report more on standard error", set<&Options::verbose>},
    {"quiet", nullptr, "q", nullptr, reporting, "print only errors", set<&Options::quiet>},
    {"help", nullptr, "h", nullptr, reporting, "this text", set<&Options::help>},
    {"version", nullptr, "V", nullptr, reporting, "the version", set<&Options::version>},
};
// clang-format on

}  // namespace

std::span<const OptionRow> option_table() {
  return rows;
}

const OptionRow* find_option(std::string_view long_name) {
  for (const OptionRow& row : rows)
    if (long_name == row.name || (row.other_name != nullptr && long_name == row.other_name))
      return &row;
  return nullptr;
}

const OptionRow* find_option(char letter) {
  for (const OptionRow& row : rows)
    if (letter != 0 && std::strchr(row.letters, letter) != nullptr) return &row;
  return nullptr;
}

}  // namespace tether
