#include "report/messages.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include "enum_table.hpp"
#include "failure.hpp"
#include "sys/descriptors.hpp"

namespace tether {
namespace {

// The first byte in UTF-8 of U+0080 to U+009F, control characters that some terminals obey.
constexpr char c1_lead = '\xC2';

bool is_control(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  if (byte(at) < 0x20 || byte(at) == 0x7F) return true;
  return text[at] == c1_lead && at + 1 < text.size() && byte(at + 1) >= 0x80 && byte(at + 1) < 0xA0;
}

bool use_colour() {
  const char* no_color = std::getenv("NO_COLOR");
  return ::isatty(STDERR_FILENO) != 0 && (no_color == nullptr || *no_color == 0);
}

bool is_missing_interpreter(const Failure& failure) {
  return failure.stage == Stage::exec && failure.path != failure.detail;
}

bool write_line(std::string_view text, bool is_error) {
  std::string line = is_error && use_colour() ? "\033[31mtether:\033[0m " : "tether: ";  // in red
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool control = is_control(text, i);
    line += control ? '?' : text[i];
    if (control && text[i] == c1_lead) ++i;
  }
  line += '\n';
  return write_all(STDERR_FILENO, line);
}

// What a message says of a Failure, before its errno.
enum class Form {
  detail,     // the detail alone, which is a sentence or names what failed
  instead,    // the beginning, or the detail in its place if there is one
  beginning,  // the beginning, and the detail if there is one
  path,     // the beginning, the path in quotes, even an empty one, and the detail if there is one
  stream,   // the beginning, and the path in quotes or the detail
  command,  // the beginning, and COMMAND in quotes, with its interpreter if that is missing
};

// Each stage once: its name in the error record, and how an error message about it begins.
struct StageRow {
  Stage stage;
  const char* name;  // "stage" of the error record
  Form form;
  const char* beginning;
  bool has_errno;  // whether the message ends with the text of errno
};

constexpr StageRow stage_table[] = {
    {Stage::usage, "usage", Form::detail, "", false},
    {Stage::privilege, "privilege", Form::detail, "", false},
    {Stage::guarantee, "guarantee", Form::detail, "", false},
    {Stage::descriptor, "descriptor", Form::detail, "", true},
    {Stage::directory, "directory", Form::path, "cannot change directory to", true},
    {Stage::input, "input", Form::path, "cannot open", true},
    {Stage::output, "output", Form::path, "cannot open", true},
    {Stage::pidfile, "pidfile", Form::path, "cannot use pidfile", true},
    {Stage::running, "running", Form::detail, "", false},
    {Stage::record, "record", Form::stream, "cannot write", true},
    {Stage::cgroup, "cgroup", Form::path, "cannot use cgroup", true},
    {Stage::clone, "clone", Form::beginning, "cannot make a process", true},
    {Stage::namespaces, "namespaces", Form::beginning, "cannot make a PID namespace", true},
    {Stage::session, "session", Form::beginning, "cannot start a session", true},
    {Stage::group, "group", Form::beginning, "cannot make a process group", true},
    {Stage::terminal, "terminal", Form::beginning, "cannot hand over the terminal", true},
    {Stage::ctty, "ctty", Form::beginning, "cannot make standard input the controlling terminal",
     true},
    {Stage::nnp, "nnp", Form::beginning, "cannot set no_new_privs", true},
    {Stage::bind, "bind", Form::beginning, "cannot set the parent-death signal", true},
    {Stage::helper, "keeper", Form::beginning, "cannot start a helper process", true},
    {Stage::tie, "tie", Form::detail, "", true},
    {Stage::gate, "gate", Form::detail, "", true},
    {Stage::exec, "exec", Form::command, "cannot run", true},
    {Stage::ready, "ready", Form::detail, "", false},
    {Stage::supervise, "supervise", Form::instead, "cannot watch the child", true},
    {Stage::stop, "stop", Form::detail, "", true},
    {Stage::hand_over, "hand-over", Form::instead, "cannot hand the pidfd over", true},
};

static_assert(has_each(stage_table, &StageRow::stage, Stage::hand_over));

std::string subject_of(const Failure& failure) {
  const StageRow& row = row_of(stage_table, failure.stage);
  const std::string named = fmt::format("{} '{}'", row.beginning, failure.path);
  const std::string detail = failure.detail.empty() ? "" : ": " + failure.detail;
  switch (row.form) {
    case Form::detail:
      break;
    case Form::instead:
      return failure.detail.empty() ? row.beginning : failure.detail;
    case Form::beginning:
      return row.beginning + detail;
    case Form::path:
      return named + detail;
    case Form::stream:
      return failure.path.empty() ? fmt::format("{} {}", row.beginning, failure.detail) : named;
    case Form::command:
      // With a missing interpreter the path is that one, and the detail is COMMAND.
      return fmt::format("{} '{}'", row.beginning, failure.detail) +
             (is_missing_interpreter(failure) ? fmt::format(": interpreter '{}'", failure.path)
                                              : "");
  }
  return failure.detail;
}

struct HintRow {
  Stage stage;
  int error_number;
  const char* text;
};

constexpr const char* few_descriptors = "a limit on descriptors is reached: ulimit -n";
constexpr const char* open_it = "open the descriptor in the shell, by N<FILE or N>FILE";
constexpr const char* other_file = "tether makes another file in the same directory";

// The hints for failures without one of their own.
constexpr HintRow hint_table[] = {
    {Stage::descriptor, EBADF, open_it},
    {Stage::gate, EBADF, open_it},
    {Stage::tie, EBADF, open_it},
    {Stage::pidfile, ENOENT, "the directory must exist"},
    {Stage::pidfile, EACCES, other_file},
    {Stage::pidfile, EROFS, other_file},
    {Stage::supervise, EMFILE, few_descriptors},
    {Stage::clone, EMFILE, few_descriptors},
    {Stage::clone, EAGAIN, "a limit on processes is reached: ulimit -u, or pids.max of a cgroup"},
    {Stage::ctty, ENOTTY, "standard input must be a terminal"},
    {Stage::ctty, EPERM, "another session has this terminal"},
    {Stage::exec, EACCES, "the file or a directory above it is not executable (chmod +x, noexec)"},
    {Stage::stop, EPERM, "the process runs as another user"},
};

std::string hint_of(const Failure& failure) {
  if (!failure.hint.empty()) return failure.hint;
  // Only for a descriptor that an option names, not for "standard output".
  if (failure.error_number == EBADF && failure.detail.rfind("--", 0) != 0) return "";
  for (const HintRow& row : hint_table)
    if (failure.stage == row.stage && failure.error_number == row.error_number) return row.text;
  return "";
}

constexpr std::size_t width = 80;

// `start` and `text`, broken at blanks; further lines are indented below the text.
std::string wrapped(const std::string& start, std::string_view text) {
  const std::size_t room = width - std::min(start.size(), width / 2);
  std::string lines = start;
  while (text.size() > room) {
    const std::size_t blank = text.rfind(' ', room);
    if (blank == std::string_view::npos) break;
    lines += fmt::format("{}\n{:{}}", text.substr(0, blank), "", start.size());
    text.remove_prefix(blank + 1);
  }
  return fmt::format("{}{}\n", lines, text);
}

}  // namespace

std::string describe(const Failure& failure) {
  std::string subject = subject_of(failure);
  if (!row_of(stage_table, failure.stage).has_errno || failure.error_number == 0) return subject;
  return fmt::format("{}: {}", subject, error_text(failure.error_number));
}

int exit_status_of(const Failure& failure) {
  if (failure.exit_status != 0) return failure.exit_status;
  if (failure.stage != Stage::exec) return exit_tether_failed;
  const bool not_found = failure.error_number == ENOENT && !is_missing_interpreter(failure);
  return not_found ? exit_not_found : exit_cannot_execute;
}

const char* name_of(Stage stage) {
  return row_of(stage_table, stage).name;
}

const char* call_name(CloneWay way) {
  static constexpr Named<CloneWay> calls[] = {
      {CloneWay::clone3, "clone3"}, {CloneWay::legacy_clone, "clone"}, {CloneWay::fork, "fork"}};
  static_assert(has_each(calls, &Named<CloneWay>::value, CloneWay::fork));
  return row_of(calls, way).name;
}

bool say(std::string_view text) {
  return write_line(text, false);
}

void say(const Failure& failure) {
  // A failure to write to standard error cannot be reported.
  (void)write_line(describe(failure), true);
  const std::string hint = hint_of(failure);
  if (!hint.empty()) (void)write_line("hint: " + hint, true);
}

Result<int> print(std::string_view text) {
  if (write_all(STDOUT_FILENO, text)) return 0;
  return Failure{.stage = Stage::record, .error_number = errno, .detail = "standard output"};
}

std::string table_row(std::string_view name, std::string_view text) {
  return wrapped(fmt::format("{:<15} ", name), text);
}

std::string table_row(std::string_view name, Means means, std::string_view text) {
  const char* label = name_of(means);
  return wrapped(fmt::format("{:<15} {:<14} ", name, label != nullptr ? label : "-"), text);
}

}  // namespace tether
