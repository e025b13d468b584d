#include "setup/pidfile.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <ctime>
#include <string_view>
#include <utility>

#include "numbers.hpp"
#include "report/replacement_file.hpp"
#include "sys/descriptors.hpp"
#include "sys/paths.hpp"
#include "sys/pidfd.hpp"

namespace tether {
namespace {

constexpr mode_t pidfile_mode = 0644;   // less the umask
constexpr mode_t identity_mode = 0600;  // no other user can lock it, and so prevent a start
// The path may have become a link, a FIFO or a terminal.
constexpr int careful = O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
constexpr std::size_t content_limit = 256;
constexpr timespec lock_pause{0, 5'000'000};
constexpr int lock_attempts = 2000;  // 10 s: a start holds the lock for milliseconds

Failure pidfile_failure(int error_number, const std::string& path) {
  return Failure{.stage = Stage::pidfile, .error_number = error_number, .path = path};
}

bool is_privileged() {
  return ::geteuid() == 0;
}

Failure refusal(const std::string& path, std::string why, const char* hint = "") {
  return Failure{.stage = Stage::pidfile, .path = path, .detail = std::move(why), .hint = hint};
}

Failure distrust(const std::string& path, const char* why) {
  return refusal(path, why,
                 is_privileged() ? "name a file in a directory that only root can write" : "");
}

// Why tether does not trust `file`, or nullptr. Another user could have written any pid.
const char* objection_to(const struct stat& file) {
  if (S_ISLNK(file.st_mode)) return "the file is a symbolic link";
  if (!S_ISREG(file.st_mode)) return "not a regular file";
  if (file.st_uid != ::geteuid()) return "another user owns the file";
  if (is_privileged() && file.st_nlink > 1) return "the file has more than one hard link";
  return nullptr;
}

std::string content_of(int fd) {
  std::array<char, content_limit> text;
  const ssize_t size = ::pread(fd, text.data(), text.size(), 0);
  return size > 0 ? std::string(text.data(), static_cast<std::size_t>(size)) : std::string();
}

// Refuses a file that was named by mistake: a pidfile has a number at most, or what a crash of the
// machine leaves of one. `name` is the path that the user gave.
Status check_replaceable(const std::string& path, const std::string& name) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | careful));
  if (!file) return errno == ENOENT ? Status(Unit{}) : pidfile_failure(errno, name);
  const std::string text = content_of(file.get());
  const bool is_long = text.size() == content_limit;
  if (!is_long &&
      text.find_first_not_of(std::string_view("0123456789 \t\r\n\0", 15)) == std::string::npos)
    return Unit{};
  return refusal(name, "the file does not hold a process ID",
                 "tether replaces and removes a pidfile: name another file");
}

std::optional<pid_t> pid_in(const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | careful));
  struct stat what {};
  const bool is_trusted = file && ::fstat(file.get(), &what) == 0 && objection_to(what) == nullptr;
  const std::string text = is_trusted ? content_of(file.get()) : std::string();
  const std::size_t end = text.find('\n');
  if (end == std::string::npos) return std::nullopt;
  const auto pid = number_in<pid_t>(std::string_view(text).substr(0, end));
  return pid && *pid > 0 ? pid : std::nullopt;
}

// For its owner, whatever the umask.
bool make_readable(int fd) {
  struct stat file {};
  return ::fstat(fd, &file) == 0 && ::fchmod(fd, (file.st_mode & 0777) | S_IRUSR | S_IWUSR) == 0;
}

bool write_identity(int fd, const std::string& line) {
  if (::ftruncate(fd, 0) != 0 || ::lseek(fd, 0, SEEK_SET) != 0) return false;
  return write_all(fd, line);
}

}  // namespace

Result<Pidfile> Pidfile::claim(const std::string& path) {
  // Root follows no link; for other users the file is where the link leads.
  Pidfile pidfile(is_privileged() ? with_real_directory(path) : resolve(path));
  if (Status trusted = pidfile.check_trust(); !trusted.ok()) return trusted.failure();
  if (Status locked = pidfile.lock(IfMissing::create); !locked.ok()) return locked.failure();
  if (Status free = check_replaceable(pidfile.path_, path); !free.ok()) return free.failure();
  auto found = pidfile.find_running();
  if (found.ok() && !found.value()) return pidfile;
  pidfile.unlock();
  if (!found.ok()) return found.failure();
  return Failure{.stage = Stage::running,
                 .path = path,
                 .detail = fmt::format("already running as process {}: '{}'",
                                       found.value()->identity.pid, path),
                 .hint = "tether --stop with the same --pidfile ends that process"};
}

Result<Pidfile> Pidfile::look(const std::string& path, std::optional<Running>& running) {
  Pidfile pidfile(is_privileged() ? with_real_directory(path) : resolve(path));
  if (Status trusted = pidfile.check_trust(); !trusted.ok()) return trusted.failure();
  if (Status locked = pidfile.lock(IfMissing::leave); !locked.ok()) {
    if (locked.failure().error_number != ENOENT) return locked.failure();
    return pidfile;
  }
  auto found = pidfile.find_running();
  pidfile.unlock();
  if (!found.ok()) return found.failure();
  running = std::move(found.value());
  if (running) pidfile.subject_ = running->identity;
  return pidfile;
}

Pidfile::~Pidfile() {
  if (!lock_) return;
  // Empty: this run has made it. A start that waits for the lock checks the file once it has it.
  if (content_of(lock_.get()).empty()) (void)::unlink(identity_path().c_str());
  unlock();
}

Status Pidfile::check_trust() const {
  struct stat file {};
  if (::lstat(path_.c_str(), &file) != 0)
    return errno == ENOENT ? Status(Unit{}) : pidfile_failure(errno, path_);
  const char* objection = objection_to(file);
  return objection == nullptr ? Status(Unit{}) : distrust(path_, objection);
}

Status Pidfile::lock(IfMissing if_missing) {
  const std::string path = identity_path();
  // Reading is enough for look() and remove(), on a read-only file system too.
  const int access = if_missing == IfMissing::create ? O_RDWR | O_CREAT : O_RDONLY;
  for (int attempt = 0; attempt < lock_attempts; ++attempt) {
    lock_.reset(::open(path.c_str(), access | careful, identity_mode));
    // ENOENT: the directory is missing. The user knows the path without ".tether".
    if (!lock_) return pidfile_failure(errno, errno == ENOENT ? path_ : path);
    struct stat file {};
    (void)::fstat(lock_.get(), &file);
    if (const char* objection = objection_to(file); objection != nullptr) {
      lock_.reset();
      return distrust(path, objection);
    }
    // For the next start, whatever the umask.
    if ((file.st_mode & 0777) != identity_mode) (void)::fchmod(lock_.get(), identity_mode);
    // Another process may have removed the file between the open and the lock.
    if (::flock(lock_.get(), LOCK_EX | LOCK_NB) == 0) {
      if (is_still_at(lock_.get(), path)) return Unit{};
    } else if (errno != EWOULDBLOCK && errno != EINTR) {
      const int error_number = errno;
      lock_.reset();
      return pidfile_failure(error_number, path);
    } else {
      (void)::nanosleep(&lock_pause, nullptr);
    }
  }
  lock_.reset();
  return refusal(path_, "another start with this pidfile does not finish");
}

// A child that was forked meanwhile shares the lock, and a close would not release it (flock(2)).
void Pidfile::unlock() {
  (void)::flock(lock_.get(), LOCK_UN);
  lock_.reset();
}

Result<std::optional<Pidfile::Running>> Pidfile::find_running() const {
  const auto identity = parse_identity(content_of(lock_.get()));
  if (!identity || pid_in(path_) != identity->pid) return std::optional<Running>();
  // The pidfd comes first: identify() can then tell that what it finds by pid is of this process.
  Running running{*identity, UniqueFd(open_pidfd(identity->pid))};
  if (!running.pidfd) {
    const int error_number = errno;
    // Without pidfd_open(2) (a sandbox filters it) kill(2) can still tell that the pid is free.
    const bool is_free = ::kill(identity->pid, 0) != 0 && errno == ESRCH;
    if (error_number == ESRCH || is_free) return std::optional<Running>();
    return pidfile_failure(error_number, path_);
  }
  const auto now = identify(identity->pid, running.pidfd.get());
  if (!now) return std::optional<Running>();
  const auto same = is_same(*now, *identity);
  if (!same)
    return refusal(
        path_,
        fmt::format(
            "/proc does not show whether process {} is the one that the file was written for",
            identity->pid),
        is_privileged() ? "is /proc mounted?" : "root may be able to tell");
  if (!*same) return std::optional<Running>();
  return std::optional(std::move(running));
}

Status Pidfile::write_for(pid_t child, int pidfd) {
  const auto identity = identify(child, pidfd);
  // is_same() has no value for an identity that could not be recognised later.
  if (identity && is_same(*identity, *identity)) return write(*identity);
  return refusal(path_, "tether needs /proc to identify the process", "mount -t proc proc /proc");
}

Status Pidfile::write(const ProcessIdentity& child) {
  if (!lock_)
    if (Status locked = lock(IfMissing::create); !locked.ok()) return locked;
  const std::string before = content_of(lock_.get());
  // The identity first: until the pidfile follows, the two disagree, and neither is believed.
  ReplacementFile file;
  const bool written = write_identity(lock_.get(), to_line(child)) &&
                       file.open(path_, pidfile_mode) && make_readable(file.fd()) &&
                       file.commit(fmt::format("{}\n", child.pid));
  const int error_number = errno;
  if (written) {
    subject_ = child;
  } else {
    (void)write_identity(lock_.get(), before);
    if (before.empty()) (void)::unlink(identity_path().c_str());
  }
  unlock();
  return written ? Status(Unit{}) : pidfile_failure(error_number, path_);
}

void Pidfile::remove() {
  if (!subject_ || !lock(IfMissing::leave).ok()) return;
  const auto identity = parse_identity(content_of(lock_.get()));
  if (identity && is_same(*identity, *subject_).value_or(false)) {
    // The daemon may have removed its pidfile, and another program may have written a new one.
    if (pid_in(path_) == identity->pid) (void)::unlink(path_.c_str());
    (void)::unlink(identity_path().c_str());
  }
  unlock();
  subject_.reset();
}

}  // namespace tether
