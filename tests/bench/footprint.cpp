#include "footprint.hpp"

#include <elf.h>
#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <thread>
#include <vector>

#include "sys/unique_fd.hpp"

namespace bench {
namespace {

namespace fs = std::filesystem;

pid_t parent_of(const fs::path& process) {
  std::ifstream file(process / "stat");
  std::string stat;
  std::getline(file, stat);
  const std::size_t comm_end = stat.rfind(')');
  if (comm_end == std::string::npos) return -1;
  std::istringstream fields(stat.substr(comm_end + 1));
  char state = 0;
  pid_t parent = -1;
  fields >> state >> parent;
  return parent;
}

// All of them: a tool may hold its command through a process between.
std::vector<pid_t> descendants() {
  std::map<pid_t, std::vector<pid_t>> children;
  for (const fs::directory_entry& entry : fs::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") == std::string::npos)
      children[parent_of(entry.path())].push_back(std::stoi(name));
  }
  std::vector<pid_t> found = children[::getpid()];
  for (std::size_t i = 0; i < found.size(); ++i) {
    const std::vector<pid_t> more = children[found[i]];
    found.insert(found.end(), more.begin(), more.end());
  }
  return found;
}

bool runs(pid_t pid, const std::string& program) {
  std::error_code error;
  return fs::equivalent(fs::path("/proc") / std::to_string(pid) / "exe", program, error);
}

long private_dirty_kb(pid_t pid) {
  std::ifstream rollup(fs::path("/proc") / std::to_string(pid) / "smaps_rollup");
  const std::string wanted = "Private_Dirty:";
  std::string word;
  while (rollup >> word)
    if (word == wanted) {
      long kb = 0;
      rollup >> kb;
      return kb;
    }
  return 0;
}

struct Reading {
  bool target_runs = false;
  long kb = 0;
};

Reading read_all(const std::string& target) {
  Reading reading;
  for (const pid_t pid : descendants()) {
    const bool is_target = runs(pid, target);
    reading.target_runs = reading.target_runs || is_target;
    if (!is_target) reading.kb += private_dirty_kb(pid);
  }
  return reading;
}

}  // namespace

std::uintmax_t size_of(const std::string& executable) {
  return fs::file_size(executable);
}

bool is_static(const std::string& executable) {
  std::ifstream file(executable, std::ios::binary);
  Elf64_Ehdr header{};
  if (!file.read(reinterpret_cast<char*>(&header), sizeof header)) return false;
  file.seekg(static_cast<std::streamoff>(header.e_phoff));
  for (unsigned i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr segment{};
    if (!file.read(reinterpret_cast<char*>(&segment), sizeof segment)) return false;
    if (segment.p_type == PT_INTERP) return false;
  }
  return true;
}

long resident_dirty_kb(const Invocation& invocation, const std::string& target) {
  (void)start(invocation);
  // At rest when three readings agree.
  long last = -1;
  int agreed = 0;
  for (int attempt = 0; attempt < 1000 && agreed < 3; ++attempt) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    const Reading now = read_all(target);
    agreed = now.target_runs && now.kb == last ? agreed + 1 : 0;
    last = now.target_runs ? now.kb : -1;
  }
  // The tool ends as its command does; what has not got that far goes with it.
  for (const pid_t pid : descendants())
    if (last < 0 || runs(pid, target)) (void)::kill(pid, SIGKILL);
  reap_everything();
  return last;
}

void settle(const std::string& executable) {
  const tether::UniqueFd file(::open(executable.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return;
  (void)::fsync(file.get());
  (void)::posix_fadvise(file.get(), 0, 0, POSIX_FADV_DONTNEED);
}

}  // namespace bench
