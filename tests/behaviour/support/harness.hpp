// Runs the built binary as a user would and looks at it from outside. Every wait has a bound; every
// record that comes out is checked against the schema.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "cases.hpp"
#include "surroundings.hpp"
#include "sys/unique_fd.hpp"

namespace tether::test {

using Json = nlohmann::json;
using Words = std::vector<std::string>;

struct Setup {
  Words wrapper;                         // a command that execs tether, such as filter
  std::function<void()> before_exec;     // in the child, as the caller's last act
  std::vector<std::string> environment;  // NAME=VALUE, added
  bool clear_environment = false;
  bool output_to_null = false;
};

struct Finished {
  int exit_code = -1;  // -1: killed
  int signal = 0;
  std::string out;
  std::string err;
  std::vector<Json> records;

  [[nodiscard]] Json record(const std::string& kind) const;  // null if there is none
  [[nodiscard]] std::string first_error_line() const;
};

// A tether that runs. Killed and reaped when it goes out of scope.
class Running {
 public:
  explicit Running(const Words& arguments, const Setup& setup = {});
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
  ~Running();

  [[nodiscard]] pid_t pid() const { return pid_; }
  void send(int signal) const;
  // Reads standard output until it has `text`; fails the test if that does not happen.
  void expect_output(const std::string& text);
  void expect_error_output(const std::string& text);
  [[nodiscard]] const std::string& out() const { return out_; }
  [[nodiscard]] const std::string& err() const { return err_; }
  void close_input() { input_.reset(); }
  void write_input(const std::string& text) const;
  // Closes the reading end of tether's standard output.
  void close_output() { out_fd_.reset(); }
  // The child's pid, by --print-pid or a start record on standard output.
  pid_t child();
  // A record on standard output so far; null if there is none.
  [[nodiscard]] Json record(const std::string& kind) const;
  Finished wait();

 private:
  bool read_some(Patience& patience);
  void collect(UniqueFd& from, std::string& to);
  pid_t pid_ = -1;
  UniqueFd pidfd_;
  UniqueFd input_;
  UniqueFd out_fd_;
  UniqueFd err_fd_;
  std::string out_;
  std::string err_;
};

// Runs tether with `arguments` to its end.
Finished run(const Words& arguments, const Setup& setup = {});

// What is under test, and the schema of its records.
std::string tether_binary();
std::string schema_path();

// tether run by an unprivileged user, and under a seccomp filter (the tool's rules).
Setup as_user(int uid);
Setup filtered(const std::string& rules);

// Paths of the tools beside the suite.
std::string tool(const std::string& name);
// {probe, verb, words...}
Words probe(const std::string& verb, const Words& words = {});
Words operator+(Words left, const Words& right);

std::vector<Json> parse_records(const std::string& lines);

}  // namespace tether::test
