#include "setup/launch.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <paths.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <string_view>

#include "report/messages.hpp"
#include "sys/descriptors.hpp"
#include "sys/privilege.hpp"
#include "sys/script.hpp"

namespace tether {
namespace {

// What execvp(3) searches without PATH.
constexpr std::string_view default_path = "/bin:/usr/bin";

// X_OK is granted for a directory as well, which exec refuses.
bool is_executable(int directory_fd, const std::string& path) {
  struct stat file {};
  return ::fstatat(directory_fd, path.c_str(), &file, 0) == 0 && S_ISREG(file.st_mode) &&
         ::faccessat(directory_fd, path.c_str(), X_OK, AT_EACCESS) == 0;
}

}  // namespace

Result<Launch> Launch::prepare(const Options& options, const Inherited& inherited) {
  Launch launch(options, inherited);

  if (Status checked = launch.check_descriptors(); !checked.ok()) return checked.failure();
  if (Status opened = launch.open_directory(); !opened.ok()) return opened.failure();
  launch.build_environment(options.environment);
  launch.find_candidates();
  // No process would take the foreground back from a child that tether leaves.
  if (options.setpgid && !options.new_session() && !options.leaves_child())
    launch.terminal_.reset(::open(_PATH_TTY, O_RDWR | O_CLOEXEC | O_NOCTTY));
  return launch;
}

Status Launch::check_descriptors() {
  for (const int fd : options_->keep_fds) {
    if (!is_inherited(fd)) return descriptor_failure(EBADF, fmt::format("--keep-fd={}", fd));
    if (fd > 2) kept_.push_back(fd);
  }
  if (const auto fd = options_->notify_fd(); fd && *fd > 2) kept_.push_back(*fd);
  std::sort(kept_.begin(), kept_.end());
  kept_.erase(std::unique(kept_.begin(), kept_.end()), kept_.end());
  return Unit{};
}

Status Launch::open_files() {
  Result<Redirections> opened = Redirections::open(*options_);
  if (!opened.ok()) return opened.failure();
  files_ = std::move(opened.value());
  redirections_ = files_.list();
  return Unit{};
}

Status Launch::say_nohup_notice() const {
  const std::string& notice = files_.nohup_notice();
  if (notice.empty() || options_->quiet || say(notice)) return Unit{};
  return descriptor_failure(errno, "standard error");
}

void Launch::let_go() {
  files_.keep();
  directory_.reset();
}

Status Launch::open_directory() {
  if (!options_->directory) return Unit{};
  // Stays open: the child enters the directory that was checked.
  directory_.reset(::open(options_->directory->c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (directory_ && ::faccessat(directory_.get(), ".", X_OK, AT_EACCESS) == 0) return Unit{};
  return Failure{.stage = Stage::directory, .error_number = errno, .path = *options_->directory};
}

void Launch::add_variable(EnvironmentChange change) {
  std::vector<EnvironmentChange> changes = options_->environment;
  changes.push_back(std::move(change));
  build_environment(changes);
}

void Launch::build_environment(const std::vector<EnvironmentChange>& changes) {
  if (!options_->clear_environment && changes.empty()) return;
  std::vector<std::string> entries;
  if (!options_->clear_environment)
    for (char** entry = inherited_->environment; *entry != nullptr; ++entry)
      entries.emplace_back(*entry);
  for (const EnvironmentChange& change : changes) {
    std::erase_if(entries, [&](std::string_view entry) {
      return entry.substr(0, entry.find('=')) == change.name;
    });
    if (change.value) entries.push_back(change.name + "=" + *change.value);
  }
  environment_storage_ = std::move(entries);
  environment_.clear();
  for (std::string& entry : environment_storage_) environment_.push_back(entry.data());
  environment_.push_back(nullptr);
}

void Launch::find_candidates() {
  const std::string command = options_->command[0];
  char* const* environment = environment_.empty() ? inherited_->environment : environment_.data();
  if (command.empty() || command.find('/') != std::string::npos) {
    candidate_storage_.push_back(command);
  } else {
    std::string_view path = default_path;
    for (char* const* entry = environment; *entry != nullptr; ++entry)
      if (std::string_view(*entry).substr(0, 5) == "PATH=") {
        path = std::string_view(*entry).substr(5);
        break;
      }
    while (true) {
      const std::size_t colon = path.find(':');
      const std::string_view directory = path.substr(0, std::min(colon, path.size()));
      // An empty element is the working directory. One that is too long for a path is skipped.
      if (directory.size() + command.size() + 2 <= PATH_MAX)
        candidate_storage_.push_back(directory.empty() ? command
                                                       : fmt::format("{}/{}", directory, command));
      if (colon == std::string_view::npos) break;
      path.remove_prefix(colon + 1);
    }
  }
  for (const std::string& candidate : candidate_storage_) candidates_.push_back(candidate.c_str());
  candidates_.push_back(nullptr);

  shell_argv_ = {_PATH_BSHELL, nullptr};
  for (char** word = options_->command + 1; *word != nullptr; ++word) shell_argv_.push_back(*word);
  shell_argv_.push_back(nullptr);
}

ChildPlan Launch::plan(const Guarantees& chosen) const {
  ChildPlan plan;
  plan.candidates = candidates_.data();
  plan.argv = options_->command;
  plan.shell_argv = shell_argv_.data();
  plan.envp = environment_.empty() ? inherited_->environment
                                   : const_cast<char* const*>(environment_.data());
  plan.directory_fd = directory_.get();
  plan.set_umask = options_->umask.has_value();
  plan.umask = options_->umask.value_or(0);
  plan.open_files = inherited_->open_files ? &*inherited_->open_files : nullptr;
  plan.redirections = redirections_;
  // No file is emptied if the exec is certain to fail.
  if (!files_.truncated().empty() && looks_executable()) plan.truncated = files_.truncated();
  plan.new_session = options_->new_session();
  plan.new_group = options_->setpgid;
  // In the background tether has no foreground to give.
  if (terminal_ && ::tcgetpgrp(terminal_.get()) == ::getpgrp()) plan.terminal_fd = terminal_.get();
  plan.take_terminal = options_->ctty;
  plan.no_new_privs = chosen.nnp == Means::prctl;
  // Beside the watchdog, which works where the parent-death signal was cleared.
  plan.die_with_parent =
      chosen.supervisor == Means::pdeathsig || chosen.supervisor == Means::keeper;
  if (plan.die_with_parent) plan.parent = ::getpid();
  plan.close_descriptors = options_->closes_descriptors();
  plan.kept = kept_;
  plan.signals = inherited_->signals;
  plan.reset_signals = options_->reset_signals;
  plan.ignore_hangup = options_->nohup;
  return plan;
}

int Launch::base_fd() const {
  return directory_ ? directory_.get() : AT_FDCWD;
}

std::string Launch::located() const {
  for (const std::string& candidate : candidate_storage_)
    if (is_executable(base_fd(), candidate)) return candidate;
  return {};
}

bool Launch::command_has_capabilities() const {
  const std::string path = located();
  return !path.empty() && has_file_capabilities(base_fd(), path);
}

bool Launch::looks_executable() const {
  const std::string path = located();
  if (path.empty()) return false;
  const auto interpreter = interpreter_of(base_fd(), path);
  return !interpreter || is_executable(base_fd(), *interpreter);
}

// Finds the candidate that may not be executed, and the reason.
void Launch::explain_denial(Failure& failure) const {
  bool is_hidden = false;
  for (const std::string& candidate : candidate_storage_) {
    struct stat file {};
    if (::fstatat(base_fd(), candidate.c_str(), &file, 0) != 0) {
      is_hidden = is_hidden || errno == EACCES;
      continue;
    }
    const auto interpreter = interpreter_of(base_fd(), candidate);
    if (S_ISDIR(file.st_mode)) failure.hint = "it is a directory";
    if (interpreter && !is_executable(base_fd(), *interpreter)) failure.path = *interpreter;
    return;
  }
  if (is_hidden && failure.detail.find('/') == std::string::npos)
    failure.hint = "a directory in PATH may not be searched";
}

Failure Launch::explain_exec(Failure failure) const {
  failure.detail = options_->command[0];
  failure.path = failure.detail;
  if (failure.error_number == EACCES) explain_denial(failure);
  if (failure.error_number != ENOENT) return failure;
  for (const std::string& candidate : candidate_storage_) {
    const auto interpreter = interpreter_of(base_fd(), candidate);
    if (!interpreter || ::faccessat(base_fd(), interpreter->c_str(), F_OK, 0) == 0) continue;
    failure.path = *interpreter;
    break;
  }
  return failure;
}

}  // namespace tether
