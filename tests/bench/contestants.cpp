#include "contestants.hpp"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <system_error>
#include <utility>

namespace bench {

std::string locate(const std::string& program) {
  const char* path = std::getenv("PATH");
  std::istringstream directories(std::string(path != nullptr ? path : "") +
                                 ":/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin");
  std::string directory;
  while (std::getline(directories, directory, ':')) {
    const auto file = std::filesystem::path(directory) / program;
    std::error_code unreadable;
    if (directory.starts_with('/') && std::filesystem::is_regular_file(file, unreadable) &&
        ::access(file.c_str(), X_OK) == 0)
      return file;
  }
  return {};
}

std::vector<Contestant> contestants(const std::string& tether, std::vector<std::string>& missing) {
  std::vector<Contestant> found = {
      {"tether --json", "tether", {tether, "--json", "--"}, true},
      {"tether --exec --setsid", "tether", {tether, "--exec", "--setsid", "--"}, false},
      {"tether -d", "tether", {tether, "-d", "-q", "--"}, false},
      {"tether --tree", "tether", {tether, "--tree", "--"}, true},
      {"tether --pid-namespace", "tether", {tether, "--pid-namespace", "--"}, true},
      {keeper, "tether", {tether, "-d", "-q", "--status-file=/dev/null", "--"}, true},
  };
  const std::vector<Contestant> peers = {
      {"setsid", "setsid", {}, false},
      {"tini -s", "tini", {"-s", "--"}, true},
      {"timeout 100", "timeout", {"100"}, true},
      {"catatonit", "catatonit", {"--"}, true},
      {"dumb-init", "dumb-init", {}, true},
      {"bwrap --die-with-parent", "bwrap", {"--die-with-parent", "--bind", "/", "/", "--"}, true},
      {"bwrap --unshare-pid", "bwrap", {"--unshare-pid", "--bind", "/", "/", "--"}, true},
      {"unshare -fp --kill-child", "unshare", {"-fp", "--kill-child"}, true},
  };
  for (Contestant peer : peers) {
    const std::string path = locate(peer.program);
    if (path.empty()) {
      missing.push_back(peer.program);
      continue;
    }
    peer.words.insert(peer.words.begin(), path);
    found.push_back(std::move(peer));
  }
  return found;
}

}  // namespace bench
