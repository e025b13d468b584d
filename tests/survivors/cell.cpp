#include "cell.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <stdexcept>

#include "processes.hpp"
#include "stage.hpp"
#include "sys/unique_fd.hpp"

namespace survivors {
namespace {

using Clock = std::chrono::steady_clock;
using Roles = std::set<std::string>;

constexpr std::chrono::milliseconds step{10};
// Between two looks at all processes, which are work.
constexpr std::chrono::milliseconds look_step{100};
const Roles everybody{"child", "group", "deaf", "session1", "session2", "daemon", "comet"};

// The family's folder, and the end of the FIFO by which its last member's end is seen.
class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "survivors-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
    path_ = name;
    const std::string fifo = path_ + "/alive";
    if (::mkfifo(fifo.c_str(), 0600) != 0) throw std::runtime_error("mkfifo");
    alive_.reset(::open(fifo.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }

  [[nodiscard]] bool is_complete() const {
    for (const std::string& role : everybody)
      if (::access((path_ + "/up." + role).c_str(), F_OK) != 0) return false;
    return true;
  }

  // Exact, other than a look at the processes one after the other: once there was somebody.
  [[nodiscard]] bool is_deserted() const {
    pollfd hung_up{alive_.get(), 0, 0};
    return ::poll(&hung_up, 1, 0) > 0 && (hung_up.revents & POLLHUP) != 0;
  }

 private:
  std::string path_;
  tether::UniqueFd alive_;
};

bool becomes_complete(const Folder& folder, Stage& stage) {
  const auto deadline = Clock::now() + patience;
  while (!folder.is_complete() || !stage.has_wrapper()) {
    if (stage.wrapper_has_ended() || Clock::now() > deadline) return false;
    (void)reap();
    nap(step);
  }
  return true;
}

// False if it is not deserted after `length`. Some of its members wait until they are reaped.
bool is_deserted_within(const Folder& folder, std::chrono::milliseconds length) {
  for (const auto end = Clock::now() + length; Clock::now() < end; nap(step)) {
    (void)reap();
    if (folder.is_deserted()) return true;
  }
  return false;
}

// Who lives on once nothing has changed for a while. What is claimed has longer to come true.
Roles settle(const Folder& folder, std::chrono::milliseconds quiet, Claim claim) {
  const auto deadline = Clock::now() + patience;
  auto changed = Clock::now();
  Roles alive = everybody;
  while (!is_deserted_within(folder, look_step)) {
    const Roles now_alive = roles_alive(folder.path());
    const auto now = Clock::now();
    if (now_alive != alive) {
      alive = now_alive;
      changed = now;
    }
    const bool is_over = now - changed >= quiet && !alive.empty();
    if (is_over && (is_kept(claim, alive) || now > deadline)) return alive;
    if (now > deadline + quiet) throw std::runtime_error("nobody is seen, but somebody is there");
  }
  return {};
}

}  // namespace

bool is_kept(Claim claim, const Roles& survivors) {
  switch (claim) {
    case Claim::all:
      return survivors.empty();
    case Claim::child:
      return survivors.count("child") == 0;
    case Claim::none:
      break;
  }
  return true;
}

Cell play(const Row& row, const std::vector<std::string>& words, const std::string& family,
          Death death) {
  become_subreaper();
  Cell cell;
  const Folder folder;
  std::vector<std::string> command = words;
  command.insert(command.end(), {family, folder.path()});
  Stage stage(command);
  cell.started = becomes_complete(folder, stage);
  if (cell.started) {
    stage.bring(death);
    cell.survivors = settle(folder, row.quiet(), row.claim(death));
  } else {
    cell.complaint = stage.first_words();
  }
  cell.cleared = end_all();
  return cell;
}

std::string to_text(const Cell& cell) {
  std::ostringstream text;
  text << cell.started << ' ' << cell.cleared;
  for (const std::string& role : cell.survivors) text << ' ' << role;
  text << '\n' << cell.complaint;
  return text.str();
}

Cell from_text(const std::string& text) {
  Cell cell;
  std::istringstream lines(text);
  std::string first;
  std::getline(lines, first);
  std::getline(lines, cell.complaint);
  std::istringstream words(first);
  words >> cell.started >> cell.cleared;
  for (std::string role; words >> role;) cell.survivors.insert(role);
  return cell;
}

}  // namespace survivors
