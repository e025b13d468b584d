// Options and the inherited environment become a ChildPlan, with the storage behind it. Opens what
// can fail, so that it fails before anything is spawned.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "failure.hpp"
#include "policy/guarantees.hpp"
#include "policy/options.hpp"
#include "setup/redirections.hpp"
#include "spawn/child_plan.hpp"
#include "sys/unique_fd.hpp"

namespace tether {

// What this process was started with and the child gets back.
struct Inherited {
  InheritedSignals signals;
  std::optional<rlimit> open_files;  // set if tether raised its own
  pid_t parent = -1;                 // of the tether that was called, where a tie needs it
  char** environment = nullptr;
};

class Launch {
 public:
  // What COMMAND gets beside what the user asked for: its end of the readiness channel.
  struct Extras {
    std::vector<EnvironmentChange> environment;
    std::optional<Redirection> redirection;
  };

  // Checks the descriptors named, opens --chdir's directory, builds the environment, and finds the
  // places where COMMAND may be. `options` and `inherited` must outlive the Launch.
  static Result<Launch> prepare(const Options& options, const Inherited& inherited);

  void add(Extras extras);

  // Opens the files of COMMAND's standard descriptors: last of all, as it makes some.
  Status open_files();
  // The start went through: the files that were made stay, and COMMAND alone holds what was opened
  // for it. No plan is made after this.
  void let_go();
  [[nodiscard]] const Redirections& files() const { return files_; }

  // The plan of the child, bound by the chosen means. Points into this object, which must stay
  // where it is until the spawn.
  [[nodiscard]] ChildPlan plan(const Guarantees& chosen) const;

  // Where COMMAND is, as far as that can be told before the exec: the first candidate that may be
  // executed. Empty if none.
  [[nodiscard]] std::string located() const;

  // Whether exec of COMMAND would meet security.capability.
  [[nodiscard]] bool command_has_capabilities() const;

  // Whether exec is likely to succeed: COMMAND is there, and so is its interpreter.
  [[nodiscard]] bool looks_executable() const;

  // A failed exec explained: names COMMAND and, if it is that one, the interpreter of the file
  // that was found.
  [[nodiscard]] Failure explain_exec(Failure failure) const;

  // Our terminal, if the child's own group is to have its foreground whenever we have; else -1.
  [[nodiscard]] int terminal_fd() const { return terminal_.get(); }

 private:
  void explain_denial(Failure& failure) const;
  Launch(const Options& options, const Inherited& inherited)
      : options_(&options), inherited_(&inherited) {}

  Status check_descriptors();
  Status open_directory();
  void build_environment(const std::vector<EnvironmentChange>& changes);
  void find_candidates();
  void open_terminal();
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
  // The child writes the path of a file without a format into this one.
  mutable std::vector<const char*> shell_argv_;
};

}  // namespace tether
