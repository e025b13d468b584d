// What the tests of --notify share: ways to run a COMMAND that says when it is ready.
#pragma once

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <string>

#include "services.hpp"

namespace tether::test {

inline const Words ready_modes[] = {{"-w"},
                                    {"-dq"},
                                    {"-dq", "--status-file=/dev/null"},
                                    {"-w", "--autoreap"},
                                    {"-dq", "--nnp", "--autokill"}};
inline const Words detach_modes[] = {{"-dq"}, {"-dq", "--status-file=/dev/null"}};

// A FIFO that holds a COMMAND back until the test lets it go.
class Rein {
 public:
  explicit Rein(const Services& services) : path_(services.path("rein")) {
    REQUIRE(::mkfifo(path_.c_str(), 0666) == 0);
    held_.reset(::open(path_.c_str(), O_RDWR | O_CLOEXEC));
  }
  [[nodiscard]] const std::string& path() const { return path_; }
  void let_go() const { REQUIRE(::write(held_.get(), "\n", 1) == 1); }

 private:
  std::string path_;
  UniqueFd held_;
};

inline std::size_t count_records(const std::string& out, const std::string& kind) {
  std::size_t count = 0;
  for (const Json& record : parse_records(out)) count += record.at("record") == kind ? 1 : 0;
  return count;
}

// Ends a detached COMMAND, so that whoever keeps it can remove what it has made.
inline void end_gently(pid_t pid) {
  REQUIRE(::kill(pid, SIGTERM) == 0);
  CHECK(OrphanCollector().all_are_gone());
}

// Until COMMAND is ready, and then to its end; the records so far are those of a COMMAND that runs.
inline void expect_ready(Running& running, const Words& mode) {
  running.expect_output("\"ready\"");
  const Json start = running.record("start");
  const Json ready = running.record("ready");
  CHECK(ready.at("pid") == start.at("pid"));
  CHECK(is_alive(start.at("pid").get<pid_t>()));
  CHECK(running.record("exit").is_null());
  if (mode[0] == "-w") {
    running.send(SIGTERM);
    CHECK(running.wait().exit_code == 143);
    return;
  }
  CHECK(running.wait().exit_code == 0);
  end_gently(start.at("pid").get<pid_t>());
}

inline std::string first_word(const std::string& path) {
  const std::string text = read_file(path);
  return text.substr(0, text.find('\n'));
}

}  // namespace tether::test
