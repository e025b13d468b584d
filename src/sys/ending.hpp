// How a process ended.
#pragma once

namespace tether {

struct Ending {
  enum class Code { exited, killed, dumped };
  Code code = Code::exited;
  int exit_code = 0;  // for exited
  int signal = 0;     // for killed and dumped

  // The exit status that a shell shows: the exit code, or 128 + signal.
  [[nodiscard]] int shell_status() const { return code == Code::exited ? exit_code : 128 + signal; }
};

}  // namespace tether
