#include "report/messages.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "report/stage_table.hpp"
#include "sys/descriptors.hpp"
#include "sys/errors.hpp"

namespace tether {
namespace {

constexpr const char* red = "\033[31m";
constexpr const char* plain = "\033[0m";

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
  std::string line =
      is_error && use_colour() ? fmt::format("{}tether:{} ", red, plain) : "tether: ";
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool control = is_control(text, i);
    line += control ? '?' : text[i];
    if (control && text[i] == c1_lead) ++i;
  }
  line += '\n';
  return write_all(STDERR_FILENO, line);
}

// With a missing interpreter the path is that one, and the detail is COMMAND.
std::string exec_subject(const Failure& failure) {
  return is_missing_interpreter(failure)
             ? fmt::format("cannot run '{}': interpreter '{}'", failure.detail, failure.path)
             : fmt::format("cannot run '{}'", failure.detail);
}

std::string subject_of(const Failure& failure) {
  const StageRow& row = row_of(failure.stage);
  const std::string named = fmt::format("{} '{}'", row.beginning, failure.path);
  const std::string detail = failure.detail.empty() ? "" : ": " + failure.detail;
  if (failure.stage == Stage::exec) return exec_subject(failure);
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
  }
  return failure.detail;
}

constexpr const char* few_descriptors = "a limit on descriptors is reached: ulimit -n";

// The hint for a failure without one of its own.
const char* usual_hint(const Failure& failure) {
  const int error = failure.error_number;
  switch (failure.stage) {
    case Stage::descriptor:
    case Stage::gate:
    case Stage::tie:
      // Only for a descriptor that an option names, not for "standard output".
      if (error != EBADF || failure.detail.rfind("--", 0) != 0) break;
      return "open the descriptor in the shell, by N<FILE or N>FILE";
    case Stage::pidfile:
      if (error == ENOENT) return "the directory must exist";
      return error == EACCES || error == EROFS ? "tether makes another file in the same directory"
                                               : "";
    case Stage::supervise:
      return error == EMFILE ? few_descriptors : "";
    case Stage::clone:
      if (error == EMFILE) return few_descriptors;
      if (error != EAGAIN) break;
      return "a limit on processes is reached: ulimit -u, or pids.max of a cgroup";
    case Stage::ctty:
      if (error == ENOTTY) return "standard input must be a terminal";
      return error == EPERM ? "another session has this terminal" : "";
    case Stage::exec:
      if (error != EACCES) break;
      return "the file or a directory above it is not executable (chmod +x, noexec)";
    case Stage::stop:
      return error == EPERM ? "the process runs as another user" : "";
    default:
      break;
  }
  return "";
}

}  // namespace

std::string describe(const Failure& failure) {
  std::string subject = subject_of(failure);
  if (!row_of(failure.stage).has_errno || failure.error_number == 0) return subject;
  return fmt::format("{}: {}", subject, error_text(failure.error_number));
}

int exit_status_of(const Failure& failure) {
  if (failure.exit_status != 0) return failure.exit_status;
  if (failure.stage != Stage::exec) return exit_tether_failed;
  const bool not_found = failure.error_number == ENOENT && !is_missing_interpreter(failure);
  return not_found ? exit_not_found : exit_cannot_execute;
}

const char* call_name(CloneWay way) {
  switch (way) {
    case CloneWay::clone3:
      return "clone3";
    case CloneWay::legacy_clone:
      return "clone";
    case CloneWay::fork:
      return "fork";
  }
  return "unknown";
}

bool say(std::string_view text) {
  return write_line(text, false);
}

void say(const Failure& failure) {
  // A failure to write to standard error cannot be reported.
  (void)write_line(describe(failure), true);
  const std::string hint = failure.hint.empty() ? usual_hint(failure) : failure.hint;
  if (!hint.empty()) (void)write_line("hint: " + hint, true);
}

Result<int> print(std::string_view text) {
  if (write_all(STDOUT_FILENO, text)) return 0;
  return Failure{.stage = Stage::record, .error_number = errno, .detail = "standard output"};
}

}  // namespace tether
