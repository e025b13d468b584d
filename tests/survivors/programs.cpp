#include "programs.hpp"

#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <sstream>

namespace survivors {
namespace {

struct Said {
  std::string first_line;
  int status = 0;
};

Said run(const std::string& command_line) {
  Said said;
  std::FILE* const output = ::popen((command_line + " 2>&1").c_str(), "re");
  if (output == nullptr) return {"popen", 127};
  std::array<char, 256> line{};
  if (std::fgets(line.data(), line.size(), output) != nullptr) said.first_line = line.data();
  while (std::fgets(line.data(), line.size(), output) != nullptr) {
  }
  said.first_line = said.first_line.substr(0, said.first_line.find('\n'));
  said.status = ::pclose(output);
  return said;
}

std::string quoted(const std::string& word) {
  std::string text = "'";
  for (const char c : word) {
    if (c == '\'')
      text += "'\\''";
    else
      text += c;
  }
  text += '\'';
  return text;
}

}  // namespace

std::string suite_directory() {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path().string();
}

std::string locate(const std::string& program) {
  if (program == "tether") return suite_directory() + "/tether";
  const char* const path = std::getenv("PATH");
  std::istringstream directories(std::string(path != nullptr ? path : "") + ":/usr/bin:/bin");
  for (std::string directory; std::getline(directories, directory, ':');) {
    directory.append("/").append(program);
    if (directory.starts_with('/') && ::access(directory.c_str(), X_OK) == 0) return directory;
  }
  return {};
}

std::string refusal_of(const std::vector<std::string>& options) {
  std::string command_line = quoted(locate("tether")) + " --dry-run";
  for (const std::string& option : options) command_line += " " + quoted(option);
  const Said said = run(command_line + " -- true");
  return said.status == 0 ? "" : said.first_line;
}

std::string version_of(const std::string& path) {
  return run(quoted(path) + " --version").first_line;
}

}  // namespace survivors
