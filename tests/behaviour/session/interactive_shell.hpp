// A real shell with job control, on a terminal of its own, and what is typed there.
#pragma once

#include <doctest/doctest.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "detached.hpp"
#include "pseudo_terminal.hpp"

namespace tether::test {

constexpr const char* prompt = "@@ ";

// A shell, and how the same is said in it.
struct ShellKind {
  std::string name;
  Words applet;       // which of its programs, where it has many
  Words interactive;  // without anybody's configuration, and without line editing where that goes
  bool is_posix = true;  // else fish

  [[nodiscard]] std::string status() const { return is_posix ? "$?" : "$status"; }
  [[nodiscard]] std::string for_ever(const std::string& body) const {
    return is_posix ? "while :; do " + body + "; done" : "while true; " + body + "; end";
  }
  [[nodiscard]] std::string thrice(const std::string& body) const {
    return is_posix ? "for i in 1 2 3; do " + body + "; done" : "for i in 1 2 3; " + body + "; end";
  }
};

// All of them where the suite runs in full; else the first ones, as nothing that is looked for
// elsewhere depends on the shell.
inline const std::vector<ShellKind>& shell_kinds() {
  static const std::vector<ShellKind> all = {
      {"bash", {}, {"--norc", "--noprofile", "--noediting", "-i"}},
      {"dash", {}, {"-i"}},
      {"zsh", {}, {"-f", "-i", "+Z"}},
      {"fish",
       {},
       {"-N", "-i", "-C", std::string("function fish_prompt; echo -n '") + prompt + "'; end"},
       false},
      {"busybox", {"ash"}, {"-i"}},
  };
  const int some = std::min(rounds(static_cast<int>(all.size())), static_cast<int>(all.size()));
  static const std::vector<ShellKind> kinds(all.begin(), all.begin() + some);
  return kinds;
}

// Where it is in PATH; none if it is not installed, which is a failure where everything has to be.
inline std::optional<std::string> path_of(const ShellKind& kind) {
  const char* path = std::getenv("PATH");
  std::istringstream folders(path != nullptr ? path : "/usr/bin:/bin");
  for (std::string folder; std::getline(folders, folder, ':');)
    if (::access((folder + "/" + kind.name).c_str(), X_OK) == 0) return folder + "/" + kind.name;
  const char* ci = std::getenv("CI");
  const bool is_needed = ci != nullptr && *ci != 0 && !is_in_vm();
  CHECK_MESSAGE(!is_needed, kind.name, " is not installed");
  return std::nullopt;
}

class InteractiveShell {
 public:
  InteractiveShell(const ShellKind& kind, const std::string& path)
      : kind_(kind),
        running_(Words{"--exec", "--", path} + kind.applet + kind.interactive, setup()) {
    terminal_.expect_next(prompt);
  }

  // A line, once the shell is there to read it.
  void enter(const std::string& line) {
    REQUIRE(eventually([this] { return terminal_.foreground_group() == running_.pid(); }));
    terminal_.type(line + "\n");
  }
  void type_line(const std::string& line) { terminal_.type(line + "\n"); }
  void type(char key) { terminal_.type(std::string(1, key)); }
  void expect(const std::string& text) { terminal_.expect_next(text); }
  void expect_prompt() {
    REQUIRE(eventually([this] { return terminal_.foreground_group() == running_.pid(); }));
    terminal_.expect_next(prompt);
  }
  // What the last command's status was.
  void expect_status(int status) {
    const std::string mark = "status " + std::to_string(++marks_) + ":";
    // As it is typed it does not look like what comes of it.
    enter("echo \"" + mark + kind_.status() + ":\"");
    terminal_.expect_next(mark + std::to_string(status) + ":");
    expect_prompt();
  }
  [[nodiscard]] bool has_foreground(pid_t group) const {
    return eventually([this, group] { return terminal_.foreground_group() == group; });
  }
  [[nodiscard]] const std::string& screen() const { return terminal_.screen(); }
  void await_job_in_foreground() const {
    REQUIRE(eventually([this] { return terminal_.foreground_group() != running_.pid(); }));
  }
  [[nodiscard]] int terminal() const { return terminal_.master(); }
  [[nodiscard]] pid_t pid() const { return running_.pid(); }

  // The tether that it runs as its only job, and COMMAND.
  struct Job {
    pid_t tether = 0;
    pid_t child = 0;
    // In its own group it has the foreground for itself.
    [[nodiscard]] pid_t group() const { return ::getpgid(child); }
    [[nodiscard]] bool both_are(char state) const {
      return eventually(
          [this, state] { return state_of(tether) == state && state_of(child) == state; });
    }
  };
  [[nodiscard]] Job job() const {
    Job job;
    REQUIRE(eventually([&] {
      const auto jobs = children_of(running_.pid());
      job.tether = jobs.size() == 1 ? jobs[0] : 0;
      job.child = 0;
      // A watchdog has no child; the warden of a tree is COMMAND's parent.
      for (const pid_t child : children_of(job.tether)) {
        const auto grandchildren = children_of(child);
        const std::string name = status_of(child, "Name");
        if (name != "child-watchdog" && name != "warden") {
          job.child = child;
        } else if (grandchildren.size() == 1) {
          job.child = grandchildren[0];
        }
      }
      return job.child != 0 && link_of(job.tether, "exe") != link_of(job.child, "exe");
    }));
    return job;
  }

 private:
  [[nodiscard]] Setup setup() const {
    const winsize size{50, 200, 0, 0};
    REQUIRE(::ioctl(terminal_.master(), TIOCSWINSZ, &size) == 0);
    Setup setup = terminal_.on({0, 1, 2});
    setup.environment = {std::string("PS1=") + prompt, "TERM=dumb",
                         "HISTFILE=", "ENV=", "HOME=" + home_.path()};
    return setup;
  }

  const ShellKind& kind_;
  TemporaryDirectory home_;
  PseudoTerminal terminal_;
  Running running_;
  int marks_ = 0;
};

}  // namespace tether::test
