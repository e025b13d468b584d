#include "cli/option_table.hpp"

#include <fmt/format.h>

#include <csignal>
#include <cstring>
#include <limits>

#include "cli/values.hpp"

namespace tether {
namespace {

template <bool Options::*... fields>
const char* set(Options& options, const std::string&) {
  ((options.*fields = true), ...);
  return nullptr;
}

template <Mode mode>
const char* set_mode(Options& options, const std::string&) {
  options.mode = mode;
  return nullptr;
}

// Gives `field` what `parse` makes of the value, or adds that to a list. `wanted` describes valid
// values.
template <auto field, auto parse, const char* wanted>
const char* put(Options& options, const std::string& value) {
  auto parsed = parse(value);
  if (!parsed) return wanted;
  if constexpr (requires { (options.*field).push_back(*parsed); })
    (options.*field).push_back(*std::move(parsed));
  else
    options.*field = *std::move(parsed);
  return nullptr;
}

std::optional<std::string> not_empty(const std::string& value) {
  return value.empty() ? std::nullopt : std::optional(value);
}

std::optional<int> parse_descriptor(const std::string& value) {
  return parse_number(value, 0, std::numeric_limits<int>::max());
}

std::optional<int> parse_status(const std::string& value) {
  return parse_number(value, 0, 255);
}

std::optional<EnvironmentChange> parse_unset(const std::string& value) {
  if (value.empty() || value.find('=') != std::string::npos) return std::nullopt;
  return EnvironmentChange{value, std::nullopt};
}

constexpr char a_signal[] = "a signal's name or number";
constexpr char two_signals[] = "FROM:TO, two signals (TO 0: none)";
constexpr char a_process[] = "PID or PID:INODE";
constexpr char a_notify[] = "fd:N or socket";
constexpr char a_file[] = "a file";
constexpr char a_directory[] = "a directory";
constexpr char a_cgroup[] = "a directory of cgroup v2";
constexpr char a_command[] = "a shell command";
constexpr char a_descriptor[] = "a descriptor's number";
constexpr char a_duration[] = "a duration such as 1.5, 200ms, 30s, 5m, 2h, 1d or inf";
constexpr char a_status[] = "an exit status from 0 to 255";
constexpr char a_umask[] = "an octal mode from 0 to 777";
constexpr char an_assignment[] = "NAME=VALUE";
constexpr char a_variable[] = "a variable's name";

template <std::optional<std::string> Options::*field, const char* wanted = a_file>
constexpr auto set_text = put<field, not_empty, wanted>;

template <auto field>
constexpr auto set_descriptor = put<field, parse_descriptor, a_descriptor>;

template <Duration Options::*field>
constexpr auto set_duration = put<field, parse_duration, a_duration>;

const char* set_signal(Options& options, const std::string& value) {
  if (value == "0") return "a signal to end COMMAND with ('kill -0 PID' tests a process)";
  return put<&Options::signal, parse_signal, a_signal>(options, value);
}

const char* add_rewrite(Options& options, const std::string& value) {
  const auto rewrite = parse_rewrite(value);
  if (rewrite && (rewrite->from == SIGKILL || rewrite->from == SIGSTOP))
    return "a FROM that can be caught";
  return put<&Options::rewrites, parse_rewrite, two_signals>(options, value);
}

const char* set_pidfd_fd(Options& options, const std::string& value) {
  options.mode = Mode::hand_over;
  return set_descriptor<&Options::pidfd_fd>(options, value);
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
    {"die-with-pid", nullptr, "", "PID[:INODE]", ties, "end COMMAND when that process dies; repeatable", put<&Options::die_with, parse_process, a_process>},
    {"die-on-eof", nullptr, "", "FD", ties, "end COMMAND when FD is at end of file", set_descriptor<&Options::die_on_eof>},
    {"timeout", nullptr, "t", "DURATION", ties, "end COMMAND after that time; exit status 124", set_duration<&Options::timeout>},
    {"preserve-status", nullptr, "", nullptr, ties, "after a timeout, exit with COMMAND's status", set<&Options::preserve_status>},
    {"signal", nullptr, "s", "SIG", ties, "first signal to end COMMAND (default TERM)", set_signal},
    {"kill-after", nullptr, "k", "DURATION", ties, "time before SIGKILL (default 5s; 0, inf: never)", set_duration<&Options::kill_after>},
    {"success-status", nullptr, "", "N", ties, "exit 0 if COMMAND's status is N; repeatable", put<&Options::success_status, parse_status, a_status>},
    {"tree", nullptr, "", nullptr, ties, "end all descendants together with COMMAND", set<&Options::tree>},
    {"pid-namespace", nullptr, "", nullptr, ties, "--tree by a PID namespace: the kernel ends all", set<&Options::pid_namespace, &Options::tree>},
    {"cgroup", nullptr, "", "DIR", ties, "start COMMAND in that cgroup v2 directory", set_text<&Options::cgroup, a_cgroup>},
    {"strict", nullptr, "", nullptr, ties, "fail rather than emulate a guarantee", set<&Options::strict>},

    {"pidfd-fd", nullptr, "", "N", hand_over, "send COMMAND's pidfd over socket N, then exit", set_pidfd_fd},
    {"become", nullptr, "", "CMD", hand_over, "become a shell that runs CMD; the pidfd is at N", set_text<&Options::become, a_command>},

    {"nnp", "no-new-privs", "", nullptr, privilege, "no_new_privs for COMMAND; also --no-new-privs", set<&Options::nnp>},

    {"setsid", nullptr, "", nullptr, session, "new session and process group", set<&Options::setsid>},
    {"setpgid", nullptr, "", nullptr, session, "new process group, which gets the signals", set<&Options::setpgid>},
    // Only a session leader can take a terminal (tty_ioctl(4)).
    {"ctty", nullptr, "c", nullptr, session, "new session on standard input's terminal", set<&Options::ctty, &Options::setsid>},
    {"nohup", nullptr, "", nullptr, session, "ignore SIGHUP, replace terminals like nohup(1)", set<&Options::nohup>},
    {"reset-signals", nullptr, "", nullptr, session, "default dispositions, no signal blocked", set<&Options::reset_signals>},
    {"rewrite", nullptr, "", "FROM:TO", session, "pass FROM on as TO (0: drop it); repeatable", add_rewrite},

    {"stdin", nullptr, "", "FILE", files, "read standard input from FILE", set_text<&Options::standard_input>},
    {"stdout", nullptr, "", "FILE", files, "append standard output to FILE", set_text<&Options::standard_output>},
    {"stderr", nullptr, "", "FILE", files, "append standard error to FILE", set_text<&Options::standard_error>},
    {"log", nullptr, "", "FILE", files, "append standard output and error to FILE", set_text<&Options::log>},
    {"truncate", nullptr, "", nullptr, files, "empty the output files first", set<&Options::truncate>},
    {"chdir", nullptr, "C", "DIR", files, "change directory before looking COMMAND up", set_text<&Options::directory, a_directory>},
    {"umask", nullptr, "", "MODE", files, "set the file mode creation mask (octal)", put<&Options::umask, parse_umask, a_umask>},
    {"env", nullptr, "", "NAME=VALUE", files, "set an environment variable; repeatable", put<&Options::environment, parse_assignment, an_assignment>},
    {"unset-env", nullptr, "", "NAME", files, "remove an environment variable; repeatable", put<&Options::environment, parse_unset, a_variable>},
    {"clear-env", nullptr, "", nullptr, files, "start from an empty environment", set<&Options::clear_environment>},
    {"close-fds", nullptr, "", nullptr, files, "close every descriptor above 2", set<&Options::close_fds>},
    {"keep-fd", nullptr, "", "N", files, "leave descriptor N open; repeatable", set_descriptor<&Options::keep_fds>},
    {"pidfile", nullptr, "", "FILE", files, "write COMMAND's pid to FILE; one at a time", set_text<&Options::pidfile>},
    {"stop", nullptr, "", nullptr, files, "end the process in --pidfile, wait for its end", set_mode<Mode::stop>},

    {"notify", nullptr, "", "fd:N|socket", readiness, "how COMMAND reports that it is ready", put<&Options::notify, parse_notify, a_notify>},
    {"ready-timeout", nullptr, "", "DURATION", readiness, "end COMMAND if it is not ready by then", set_duration<&Options::ready_timeout>},
    {"block-fd", nullptr, "", "N", readiness, "execute COMMAND only when N is readable", set_descriptor<&Options::block_fd>},

    {"json", nullptr, "", nullptr, reporting, "write JSON records to standard output", set<&Options::json>},
    {"status-fd", nullptr, "", "N", reporting, "write JSON records to descriptor N", set_descriptor<&Options::status_fd>},
    {"status-file", nullptr, "", "FILE", reporting, "write JSON records to FILE, atomically", set_text<&Options::status_file>},
    {"print-pid", nullptr, "", nullptr, reporting, "write COMMAND's pid to standard output", set<&Options::print_pid>},
    {"dry-run", nullptr, "", nullptr, reporting, "show what would be done, run nothing", set<&Options::dry_run>},
    {"features", nullptr, "", nullptr, reporting, "show what this kernel and sandbox support", set<&Options::features>},
    {"verbose", nullptr, "v", nullptr, reporting, "report more on standard error", set<&Options::verbose>},
    {"quiet", nullptr, "q", nullptr, reporting, "print only errors", set<&Options::quiet>},
    {"help", nullptr, "h", nullptr, reporting, "this text", set<&Options::help>},
    {"version", nullptr, "V", nullptr, reporting, "the version", set<&Options::version>},
};
// clang-format on

constexpr const char* synopsis = R"(Usage: tether [OPTION]... [--] COMMAND [ARG]...
Run COMMAND. A tie ends COMMAND on an event, and also if tether is killed.
)";

constexpr const char* examples = R"(
Examples: tether -d --die-with-pid=$$ -- ./server   ends with this script
          tether --tree -t 10m -- make test         ends all descendants
          tether -d --log=job.log -- ./job          runs as a daemon
)";

// The widest spelling leaves 47 columns of 80 for the help.
constexpr int spelling_width = 30;

std::string spelling(const OptionRow& row) {
  const std::string letter = row.letters[0] != 0 ? fmt::format("-{}, ", row.letters[0]) : "    ";
  const std::string value = row.takes_value() ? fmt::format("={}", row.value_name) : "";
  return fmt::format("{}--{}{}", letter, row.name, value);
}

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

std::string help_text() {
  std::string text = synopsis;
  std::string_view group;
  for (const OptionRow& row : rows) {
    if (group != row.group) text += fmt::format("\n{}:\n", row.group);
    group = row.group;
    text += fmt::format("  {:<{}} {}\n", spelling(row), spelling_width, row.help);
  }
  return text + examples;
}

}  // namespace tether
