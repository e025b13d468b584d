// Turns the options and what tether inherited into a ChildPlan, and owns the storage behind it.
// Opens what can fail, so that it fails before the spawn.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "failure.hpp"
#include "policy/guarantees.hpp"
#include "policy/options.hpp"
#include "setup/redirections.hpp"
#include "spawn/child.hpp"
#include "sys/unique_fd.hpp"

namespace tether {

// What this process was started with, and is restored in the child.
struct Inherited {
  InheritedSignals signals;
  std::optional<rlimit> open_files;  // RLIMIT_NOFILE, if tether has raised it
  pid_t parent = -1;                 // the caller, where a tie needs it; 0: in another namespace
  char** environment = nullptr;
};

class Launch {
 public:
  // Checks the descriptors named, opens --chdir's directory, builds the environment, and lists the
  // paths where COMMAND may be. `options` and `inherited` must outlive the Launch.
  static Result<Launch> prepare(const Options& options, const Inherited& inherited);

  // What COMMAND gets beside what the options name. The redirection's descriptor is borrowed.
  void add_redirection(Redirection redirection) { redirections_.push_back(redirection); }
  void add_variable(EnvironmentChange change);

  // Opens the files of COMMAND's standard descriptors. As late as possible: it makes files.
  Status open_files();
  // The start succeeded: keeps the files made, closes what is open for COMMAND. No plan() later.
  void let_go();
  [[nodiscard]] const Redirections& files() const { return files_; }
  // Says what nohup(1) would say, unless --quiet is given. A Failure if that cannot be written,
  // which is an error of nohup(1) as well.
  [[nodiscard]] Status say_nohup_notice() const;

  // The child's plan. It points into this object, which must not move before the spawn.
  [[nodiscard]] ChildPlan plan(const Guarantees& chosen) const;

  // The first path where COMMAND may be executed, as far as can be told before exec; empty if none.
  [[nodiscard]] std::string located() const;

  // Whether exec of COMMAND would meet security.capability.
  [[nodiscard]] bool command_has_capabilities() const;

  // Whether exec is likely to succeed: COMMAND is there, and so is its interpreter.
  [[nodiscard]] bool looks_executable() const;

  // Completes the Failure of an exec: names COMMAND or, if that failed, the file's interpreter.
  [[nodiscard]] Failure explain_exec(Failure failure) const;

  // The terminal, if the child's process group is in its foreground whenever tether is; else -1.
  [[nodiscard]] int terminal_fd() const { return terminal_.get(); }

 private:
  void explain_denial(Failure& failure) const;
  Launch(const Options& options, const Inherited& inherited)
      : options_(&options), inherited_(&inherited) {}

  Status check_descriptors();
  Status open_directory();
  void build_environment(const std::vector<EnvironmentChange>& changes);
  void find_candidates();
  [[nodiscard]] int base_fd() const;

  const Options* options_;
  const Inherited* inherited_;
  Redirections files_;
  std::vector<Redirection> redirections_;
  UniqueFd directory_;
  UniqueFd terminal_;
  std::vector<int> kept_;
  std::vector<std::string> environment_storage_;
  std::vector<char*> environment_;
  std::vector<std::string> candidate_storage_;
  std::vector<const char*> candidates_;
  // Has a slot, into which the child writes the path of a file without a known format.
  mutable std::vector<const char*> shell_argv_;
};

}  // namespace tether
