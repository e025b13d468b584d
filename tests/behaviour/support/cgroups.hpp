// Directories of cgroup v2 for the tests, where this user may make some.
#pragma once

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>

#include "detached.hpp"
#include "sys/cgroup.hpp"

namespace tether::test {

// The directory of cgroup v2 that this process is in, if it may put others beside itself.
inline std::optional<std::string> own_cgroup() {
  std::istringstream mounts(read_file("/proc/self/mounts"));
  std::istringstream places(read_file("/proc/self/cgroup"));
  for (std::string device, place, type, rest;
       mounts >> device >> place >> type && std::getline(mounts, rest);) {
    if (type != "cgroup2") continue;
    for (std::string line; std::getline(places, line);) {
      if (line.rfind("0::", 0) != 0) continue;
      const std::string path = place + line.substr(3);
      const std::string trial = path + "/tether-test-trial";
      if (::access((path + "/cgroup.procs").c_str(), W_OK) != 0) return std::nullopt;
      if (::mkdir(trial.c_str(), 0755) != 0) return std::nullopt;
      (void)::rmdir(trial.c_str());
      return path;
    }
  }
  return std::nullopt;
}

// Where the tests make theirs. The virtual machine has one, with controllers; elsewhere a user may
// have none.
inline std::optional<std::string> cgroups_of_suite() {
  const char* given = std::getenv("TETHER_CGROUPS");
  return given != nullptr ? given : own_cgroup();
}

// A name in the suite's directory, with nothing there yet; whatever is there in the end goes.
class CgroupPlace {
 public:
  explicit CgroupPlace(const std::string& suite) {
    static int count = 0;
    path_ = suite + "/test-" + std::to_string(::getpid()) + "-" + std::to_string(++count);
  }
  CgroupPlace(const CgroupPlace&) = delete;
  CgroupPlace& operator=(const CgroupPlace&) = delete;
  ~CgroupPlace() {
    end_all_children();
    (void)eventually([this] {
      remove_all(path_);
      return !exists(path_);
    });
  }

  // Of the place itself, or of what is below it.
  [[nodiscard]] std::string path(const std::string& name = {}) const {
    return name.empty() ? path_ : path_ + "/" + name;
  }
  // Makes it, or one below.
  const CgroupPlace& make(const std::string& name = {}) const {
    REQUIRE(::mkdir(path(name).c_str(), 0755) == 0);
    return *this;
  }
  [[nodiscard]] std::string read(const std::string& file) const { return read_file(path(file)); }
  [[nodiscard]] bool write(const std::string& file, const std::string& text) const {
    const UniqueFd fd(::open(path(file).c_str(), O_WRONLY | O_CLOEXEC));
    return fd && ::write(fd.get(), text.data(), text.size()) >= 0;
  }
  // As a service manager hands a directory over.
  void delegate(const std::string& name, uid_t uid) const {
    for (const char* file : {"", "/cgroup.procs", "/cgroup.threads", "/cgroup.subtree_control"})
      REQUIRE(::chown((path(name) + file).c_str(), uid, uid) == 0);
  }
  [[nodiscard]] Words option() const { return {"--cgroup=" + path_}; }

 private:
  static void remove_all(const std::string& path) {
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(path, error))
      if (entry.is_directory(error)) remove_all(entry.path());
    (void)::rmdir(path.c_str());
  }
  std::string path_;
};

// The last part of the path that COMMAND finds itself in, by /proc/self/cgroup.
inline Words say_cgroup() {
  return {"sh", "-c", "sed -n 's/^0::.*\\///p' /proc/self/cgroup"};
}

inline std::string name_of(const CgroupPlace& place) {
  return place.path().substr(place.path().rfind('/') + 1);
}

inline double cpu_seconds(const Json& exit) {
  return exit.at("user_s").get<double>() + exit.at("system_s").get<double>();
}

}  // namespace tether::test
