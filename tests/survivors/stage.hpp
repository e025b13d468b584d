// A command under a wrapper at a terminal, as a script would start it there: a session leader (the
// shell of the terminal), its script in the foreground (the wrapper's parent), and the wrapper in
// the script's process group. None of them does anything about a signal.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "rows.hpp"
#include "sys/unique_fd.hpp"

namespace survivors {

class Stage {
 public:
  // Starts `words`, whose first is a path. Throws std::system_error where that cannot be tried.
  explicit Stage(const std::vector<std::string>& words);

  // Whether the wrapper has been started, and has ended, by now.
  bool has_wrapper();
  bool wrapper_has_ended();

  // Does it.
  void bring(Death death);

  // The first line that came on the terminal, for the wrapper's complaints.
  std::string first_words();

 private:
  void take_reports();

  tether::UniqueFd terminal_;
  tether::UniqueFd reports_;
  pid_t parent_ = 0;
  pid_t wrapper_ = 0;
  bool ended_ = false;
};

}  // namespace survivors
