#include "sys/cgroup.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <utility>

#include "sys/cgroup_files.hpp"
#include "sys/deadline.hpp"
#include "sys/kernel_text.hpp"
#include "sys/pidfd.hpp"

namespace tether {
namespace {

using std::chrono::milliseconds;

constexpr int as_place = O_PATH | O_DIRECTORY | O_CLOEXEC;
constexpr mode_t directory_mode = 0755;  // less the umask

// For processes that end with COMMAND, but not at once, as the rest of an interrupted pipeline.
constexpr milliseconds patience_with_the_last{200};
// cgroup.events does not announce all that keeps a directory busy: it is read this often, too.
constexpr milliseconds longest_wait_for_news{10};

Failure not_version_2(const std::string& path) {
  return Failure{.stage = Stage::cgroup,
                 .path = path,
                 .detail = "not a directory of cgroup v2",
                 .hint = "/proc/mounts shows where that is mounted, as type cgroup2"};
}

// `above` is the directory in which the new one cannot be made.
std::string hint_for_making(int error_number, const std::string& above) {
  switch (error_number) {
    case EACCES:
    case EPERM:
      return fmt::format("not delegated: '{}' is not writable for this user", above);
    case EROFS:
      return "cgroup v2 is mounted read-only here, as in most containers";
    case EAGAIN:
      return "cgroup.max.descendants or cgroup.max.depth of a directory above is reached";
    default:
      return {};
  }
}

std::string link_of(int fd) {
  std::array<char, PATH_MAX> path;
  const ssize_t size =
      ::readlink(fmt::format("/proc/self/fd/{}", fd).c_str(), path.data(), path.size());
  return size > 0 ? std::string(path.data(), static_cast<std::size_t>(size)) : std::string();
}

void add_members(int directory_fd, std::vector<pid_t>& all) {
  const std::vector<pid_t> own =
      pids_in(read_small_file(directory_fd, "cgroup.procs").value_or(std::string()));
  all.insert(all.end(), own.begin(), own.end());
  for (const std::string& name : directories_in(directory_fd))
    if (const UniqueFd below(::openat(directory_fd, name.c_str(), as_place | O_NOFOLLOW)); below)
      add_members(below.get(), all);
}

// Deepest first. A directory that is not empty stays.
void remove_below(int directory_fd) {
  for (const std::string& name : directories_in(directory_fd)) {
    if (const UniqueFd below(::openat(directory_fd, name.c_str(), as_place | O_NOFOLLOW)); below)
      remove_below(below.get());
    (void)::unlinkat(directory_fd, name.c_str(), AT_REMOVEDIR);
  }
}

bool is_writable(int directory_fd, const char* file) {
  return ::faccessat(directory_fd, file, W_OK, AT_EACCESS) == 0;
}

bool has_member(int directory_fd, pid_t pid) {
  const std::vector<pid_t> all = members_of_cgroup(directory_fd);
  return std::find(all.begin(), all.end(), pid) != all.end();
}

// The parent directory; empty at the root of the mount.
UniqueFd directory_above(int directory_fd) {
  UniqueFd above(::openat(directory_fd, "..", as_place));
  struct stat one {};
  struct stat other {};
  const bool is_another = above && is_cgroup2(above.get()) && ::fstat(above.get(), &one) == 0 &&
                          ::fstat(directory_fd, &other) == 0 && one.st_ino != other.st_ino;
  return is_another ? std::move(above) : UniqueFd();
}

constexpr std::chrono::seconds patience_with_members{2};
constexpr milliseconds between_rounds{20};

// The file is missing or not writable: kill_one_by_one() may still work.
bool is_out_of_reach(int error_number) {
  return error_number == ENOENT || error_number == EACCES || error_number == EPERM;
}

}  // namespace

bool is_cgroup2(int directory_fd) {
  struct statfs system {};
  return ::fstatfs(directory_fd, &system) == 0 && system.f_type == CGROUP2_SUPER_MAGIC;
}

std::vector<pid_t> members_of_cgroup(int directory_fd) {
  std::vector<pid_t> all;
  add_members(directory_fd, all);
  return all;
}

Failure Cgroup::failure(int error_number, const char* file) const {
  return Failure{.stage = Stage::cgroup,
                 .error_number = error_number,
                 .path = file != nullptr ? fmt::format("{}/{}", path_, file) : path_};
}

// Opens the parent, and the directory if it exists.
Result<Cgroup> Cgroup::locate(const std::string& path) {
  std::string whole = path;
  while (whole.size() > 1 && whole.back() == '/') whole.pop_back();
  const std::size_t slash = whole.rfind('/');
  const std::string above =
      slash == std::string::npos ? "." : whole.substr(0, std::max<std::size_t>(slash, 1));
  std::string name = slash == std::string::npos ? whole : whole.substr(slash + 1);
  if (name.empty()) name = ".";  // the path is "/"

  UniqueFd parent(::open(above.c_str(), as_place));
  if (!parent)
    return Failure{.stage = Stage::cgroup,
                   .error_number = errno,
                   .path = above,
                   .hint = errno == ENOENT ? "only the last directory of a path is made" : ""};
  Cgroup found(path, std::move(parent), std::move(name));
  if (!found.open_directory() && errno != ENOENT) return found.failure(errno);
  const int place = found.directory_ ? found.directory_.get() : found.parent_.get();
  if (!is_cgroup2(place)) return not_version_2(found.directory_ ? path : above);
  return found;
}

bool Cgroup::open_directory() {
  directory_.reset(::openat(parent_.get(), name_.c_str(), as_place));
  if (!directory_) return false;
  full_path_ = link_of(directory_.get());
  if (full_path_.empty()) full_path_ = path_;
  events_.reset(::openat(directory_.get(), "cgroup.events", O_RDONLY | O_CLOEXEC));
  return true;
}

Result<Cgroup> Cgroup::open_or_make(const std::string& path) {
  Result<Cgroup> found = locate(path);
  if (!found.ok() || found.value().directory_) return found;
  if (Status made = found.value().make(); !made.ok()) return made.failure();
  return found;
}

Status Cgroup::make() {
  was_made_ = ::mkdirat(parent_.get(), name_.c_str(), directory_mode) == 0;
  if (!was_made_ && errno != EEXIST) {
    Failure refused = failure(errno);
    refused.hint = hint_for_making(refused.error_number, link_of(parent_.get()));
    return refused;
  }
  if (open_directory()) return Unit{};
  const int error_number = errno;
  if (was_made_) (void)::unlinkat(parent_.get(), name_.c_str(), AT_REMOVEDIR);
  return failure(error_number);
}

Result<Cgroup> Cgroup::look(const std::string& path) {
  Result<Cgroup> found = locate(path);
  if (!found.ok() || found.value().is_there() || is_writable(found.value().parent_.get(), "."))
    return found;
  Failure refused = found.value().failure(errno);
  refused.hint = hint_for_making(refused.error_number, link_of(found.value().parent_.get()));
  return refused;
}

Status Cgroup::check_free_of_others() const {
  // In a threaded cgroup this fails with EOPNOTSUPP; it could not be killed either.
  if (!read_small_file(directory_.get(), "cgroup.procs")) return failure(errno, "cgroup.procs");
  if (was_made_ || (members().empty() && wait_until_empty(patience_with_the_last))) return Unit{};
  Failure refused = failure(0);
  refused.detail = contains(::getpid()) ? "tether itself is in it"
                                        : "there are processes in it that tether has not started";
  refused.hint = "name a directory that is empty, or one that is not there yet";
  return refused;
}

bool Cgroup::is_populated() const {
  std::array<char, 256> text;
  const ssize_t got = events_ ? ::pread(events_.get(), text.data(), text.size(), 0) : -1;
  if (got < 0) return !members().empty();
  const auto populated =
      number_of(std::string_view(text.data(), static_cast<std::size_t>(got)), "populated");
  return populated.value_or(1) != 0;
}

bool Cgroup::wait_until_empty(milliseconds patience) const {
  const auto deadline = Clock::now() + patience;
  while (is_populated()) {
    const milliseconds left = time_until(deadline);
    if (left.count() == 0) return false;
    (void)await(events_.get(), std::min(left, longest_wait_for_news), POLLPRI);
  }
  return true;
}

std::vector<pid_t> Cgroup::members() const {
  return members_of_cgroup(directory_.get());
}

bool Cgroup::contains(pid_t pid) const {
  return has_member(directory_.get(), pid);
}

Status Cgroup::kill() const {
  if (contains(::getpid())) {
    Failure refused = failure(0);
    refused.detail = "tether itself is in it";
    return refused;
  }
  if (write_cgroup_file(directory_.get(), "cgroup.kill", "1")) return Unit{};
  return is_out_of_reach(errno) ? kill_one_by_one() : failure(errno, "cgroup.kill");
}

Status Cgroup::kill_one_by_one() const {
  const auto deadline = Clock::now() + patience_with_members;
  // If freezing fails, a tree that forks quickly only takes more rounds.
  const bool is_frozen = write_cgroup_file(directory_.get(), "cgroup.freeze", "1");
  int error_number = 0;
  bool is_empty = !is_populated();
  while (!is_empty && Clock::now() < deadline) {
    error_number = signal_members(SIGKILL);
    is_empty = wait_until_empty(between_rounds);
  }
  if (is_frozen) (void)write_cgroup_file(directory_.get(), "cgroup.freeze", "0");
  if (is_empty) return Unit{};
  return failure(error_number != 0 ? error_number : ETIMEDOUT);
}

// Returns 0, or the errno of a signal that was refused. A pid is a member's if the lists from
// before and from after the opening of its pidfd both have it: a foreign process that gets the pid
// in between is not in the second list, and one that gets it later has another pidfd.
int Cgroup::signal_members(int signal) const {
  int error_number = 0;
  std::vector<std::pair<pid_t, UniqueFd>> opened;
  for (const pid_t pid : members())
    if (UniqueFd pidfd(open_pidfd(pid)); pidfd) {
      opened.emplace_back(pid, std::move(pidfd));
    } else if (errno != ESRCH) {
      error_number = errno;
    }
  const std::vector<pid_t> still = members();
  for (const auto& [pid, pidfd] : opened)
    if (std::find(still.begin(), still.end(), pid) != still.end() &&
        !send_signal(pidfd.get(), signal) && errno != ESRCH)
      error_number = errno;
  return error_number;
}

std::string Cgroup::unwritable_file() const {
  if (directory_ && !is_writable(directory_.get(), "cgroup.procs"))
    return full_path_ + "/cgroup.procs";
  UniqueFd place = directory_ ? directory_above(directory_.get())
                              : UniqueFd(::fcntl(parent_.get(), F_DUPFD_CLOEXEC, 0));
  while (place && !has_member(place.get(), ::getpid())) place = directory_above(place.get());
  if (!place || is_writable(place.get(), "cgroup.procs")) return {};
  return link_of(place.get()) + "/cgroup.procs";
}

Status Cgroup::remove() {
  if (!directory_ || !std::exchange(was_made_, false)) return Unit{};
  // ENOENT: another process has removed the directory already.
  const auto is_gone = [this] {
    remove_below(directory_.get());
    return ::unlinkat(parent_.get(), name_.c_str(), AT_REMOVEDIR) == 0 || errno == ENOENT;
  };
  if (is_gone()) return Unit{};
  if (errno != EBUSY) return failure(errno);
  const bool is_empty = wait_until_empty(patience_with_the_last);
  return is_empty && is_gone() ? Status(Unit{}) : Status(failure(EBUSY));
}

}  // namespace tether
