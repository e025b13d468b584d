#include "setup/redirections.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <utility>

#include "sys/descriptors.hpp"
#include "sys/paths.hpp"

namespace tether {
namespace {

constexpr int output_flags = O_WRONLY | O_APPEND | O_CLOEXEC | O_NOCTTY;
constexpr mode_t output_mode = 0666;  // less the umask
constexpr mode_t nohup_mode = 0600;
constexpr const char* standard_names[] = {"input", "output", "error"};

Failure open_failure(Stage stage, const std::string& path) {
  return Failure{.stage = stage, .error_number = errno, .path = path};
}

// A close-on-exec descriptor, of which COMMAND gets no copy.
bool put_placeholder(int fd) {
  UniqueFd placeholder(::open("/", O_PATH | O_CLOEXEC));
  if (placeholder.get() == fd) return placeholder.release() == fd;
  return placeholder && ::dup3(placeholder.get(), fd, O_CLOEXEC) >= 0;
}

bool is_empty(int fd) {
  struct stat file {};
  return ::fstat(fd, &file) == 0 && file.st_size == 0;
}

// Whether a detached COMMAND would take `fd` from the caller: another process may wait for the
// other end, or own the terminal. What is left of a file that has been read from is the caller's to
// read.
bool is_callers(int fd) {
  struct stat file {};
  if (::fstat(fd, &file) != 0) return false;
  if (S_ISREG(file.st_mode)) return fd == STDIN_FILENO && ::lseek(fd, 0, SEEK_CUR) > 0;
  return S_ISFIFO(file.st_mode) || S_ISSOCK(file.st_mode) || ::isatty(fd) == 1;
}

std::string notice_of(const std::vector<const char*>& lost) {
  if (lost.empty()) return {};
  const auto last = lost.end() - 1;
  const std::string names =
      lost.size() == 1 ? *last
                       : fmt::format("{} and {}", fmt::join(lost.begin(), last, ", "), *last);
  const bool has_output = lost.size() > 1 || lost.front() != standard_names[STDIN_FILENO];
  return fmt::format("COMMAND has /dev/null for standard {}{}", names,
                     has_output ? "; --log=FILE keeps the output" : "");
}

}  // namespace

Result<Redirections> Redirections::open(const Options& options) {
  Redirections redirections;
  for (const int fd : options.keep_fds)
    if (fd <= 2) redirections.kept_.push_back(fd);
  // ReadinessChannel replaces this one.
  if (const auto fd = options.notify_fd()) redirections.kept_.push_back(*fd);
  Status opened = redirections.open_named(options);
  if (opened.ok() && options.nohup) opened = redirections.replace_terminals();
  if (opened.ok() && options.mode == Mode::detach) opened = redirections.replace_connections();
  if (!opened.ok()) return opened.failure();
  return redirections;
}

Status Redirections::open_named(const Options& options) {
  if (options.standard_input) {
    UniqueFd file(open_path(*options.standard_input, O_RDONLY | O_NOCTTY));
    if (!file) return open_failure(Stage::input, *options.standard_input);
    put(std::move(file), STDIN_FILENO);
  }
  Status opened = Unit{};
  if (options.standard_output) opened = open_output(*options.standard_output, {STDOUT_FILENO});
  if (options.standard_error && opened.ok())
    opened = open_output(*options.standard_error, {STDERR_FILENO});
  if (options.log && opened.ok())
    opened = open_output(*options.log, {STDOUT_FILENO, STDERR_FILENO});
  if (options.truncate)
    for (const Redirection& redirection : list_)
      if (redirection.to != STDIN_FILENO) truncated_.push_back(redirection.to);
  return opened;
}

Status Redirections::open_output(const std::string& path, const std::vector<int>& targets) {
  const int file = open_or_create(path, output_mode);
  if (file < 0) return open_failure(Stage::output, path);
  for (const int to : targets) list_.push_back({file, to});
  return Unit{};
}

int Redirections::open_or_create(const std::string& path, mode_t mode) {
  // A link may lead to a file that does not exist yet.
  const std::string real_path = resolve(path);
  UniqueFd file(::open(real_path.c_str(), output_flags | O_CREAT | O_EXCL, mode));
  if (file) created_.push_back({real_path, file.get()});
  // O_CREAT, as in a shell: the kernel then checks the owner (protected_regular, proc_sys_fs(5)).
  if (!file && errno == EEXIST) file.reset(open_path(path, output_flags | O_CREAT, mode));
  if (!file) return -1;
  opened_.push_back(std::move(file));
  return opened_.back().get();
}

// As nohup(1), replaces terminals only: standard input by /dev/null that cannot be read, standard
// output by a file, standard error by a copy of standard output.
Status Redirections::replace_terminals() {
  const auto is_terminal = [&](int fd) { return !is_set(fd) && ::isatty(fd) == 1; };
  const bool input = is_terminal(STDIN_FILENO);
  const bool output = is_terminal(STDOUT_FILENO);
  const bool error = is_terminal(STDERR_FILENO);
  const bool no_output = !is_set(STDOUT_FILENO) && !is_inherited(STDOUT_FILENO);
  const char* ignoring = input ? "ignoring input and " : "";
  if (input) {
    if (Status null = put_null(STDIN_FILENO, O_WRONLY); !null.ok()) return null;
    if (!output && !error) nohup_notice_ = "ignoring input";
  }
  int file = -1;
  if (output || (error && no_output)) {
    std::string name;
    Result<int> opened = open_nohup_out(name);
    if (!opened.ok()) return opened.failure();
    file = opened.value();
    // nohup(1) puts the file at a closed standard output too.
    list_.push_back({file, STDOUT_FILENO});
    nohup_notice_ = fmt::format("{}appending output to '{}'", ignoring, name);
  } else if (error) {
    nohup_notice_ = fmt::format("{}redirecting standard error to standard output", ignoring);
  }
  if (!error) return Unit{};
  if (file < 0) {
    UniqueFd copy(::fcntl(current(STDOUT_FILENO), F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
    if (!copy) return open_failure(Stage::output, "standard output");
    put(std::move(copy), STDERR_FILENO);
    error_is_copy_ = true;
  } else {
    list_.push_back({file, STDERR_FILENO});
  }
  return Unit{};
}

// In the working directory, else in the home directory. Mode 0600 whatever the umask.
Result<int> Redirections::open_nohup_out(std::string& name) {
  const auto open_at = [&](const std::string& path) {
    const std::size_t before = created_.size();
    const int file = open_or_create(path, nohup_mode);
    if (file < 0) return file;
    if (created_.size() > before) (void)::fchmod(file, nohup_mode);
    name = path;
    return file;
  };
  if (const int file = open_at("nohup.out"); file >= 0) return file;
  Failure failure = open_failure(Stage::output, "nohup.out");
  const char* home = std::getenv("HOME");
  if (home == nullptr) return failure;
  const std::string at_home = fmt::format("{}/nohup.out", home);
  if (const int file = open_at(at_home); file >= 0) return file;
  failure.hint = fmt::format("nor can '{}' be opened: name a file with --log", at_home);
  return failure;
}

Status Redirections::replace_connections() {
  std::vector<const char*> lost;
  bool output_lost = false;
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
    const bool is_copy = fd == STDERR_FILENO && error_is_copy_;
    if (is_copy ? !output_lost : is_set(fd)) continue;
    // The first file that COMMAND opens would get the number of a closed one.
    const bool was_open = is_copy || is_inherited(fd);
    if (was_open && !is_copy && !is_callers(fd)) continue;
    if (Status null = put_null(fd, O_RDWR); !null.ok()) return null;
    if (fd == STDOUT_FILENO) output_lost = was_open;
    if (was_open) lost.push_back(standard_names[fd]);
  }
  detach_notice_ = notice_of(lost);
  return Unit{};
}

Status Redirections::put_null(int to, int flags) {
  UniqueFd null(::open("/dev/null", flags | O_CLOEXEC));
  if (!null) return open_failure(Stage::output, "/dev/null");
  put(std::move(null), to);
  return Unit{};
}

int Redirections::current(int to) const {
  for (const Redirection& redirection : list_)
    if (redirection.to == to) return redirection.from;
  return to;
}

bool Redirections::is_set(int to) const {
  return current(to) != to || std::find(kept_.begin(), kept_.end(), to) != kept_.end();
}

void Redirections::put(UniqueFd from, int to) {
  std::erase_if(list_, [to](const Redirection& redirection) { return redirection.to == to; });
  list_.push_back({from.get(), to});
  opened_.push_back(std::move(from));
}

// Only a file that is still the same, and empty: another process may have written to it.
void Redirections::remove_created() {
  for (const Created& created : created_)
    if (is_still_at(created.fd, created.path) && is_empty(created.fd))
      (void)::unlink(created.path.c_str());
  created_.clear();
}

void Redirections::keep() {
  created_.clear();
  opened_.clear();
}

Status reserve_descriptors(const Options& options) {
  if (options.become) {
    const int fd = *options.pidfd_fd;
    if (::fcntl(fd, F_GETFD) >= 0)
      return descriptor_failure(0, fmt::format("--pidfd-fd={} is open already", fd),
                                "with --become the pidfd is put there: name a free number above 2");
    if (!put_placeholder(fd)) {
      const int error_number = errno;
      return descriptor_failure(error_number, fmt::format("--pidfd-fd={}", fd),
                                "name a free number below the limit of open files (ulimit -n)");
    }
  }
  const auto fd = options.notify_fd();
  if (!fd || ::fcntl(*fd, F_GETFD) >= 0 || put_placeholder(*fd)) return Unit{};
  const int error_number = errno;
  return descriptor_failure(error_number, fmt::format("--notify=fd:{}", *fd));
}

}  // namespace tether
