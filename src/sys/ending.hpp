// How a process ended.
#pragma once

namespace tether {

struct Ending {
  enum class Code { exited, killed, dumped };
  Code code = Code::exited;
  int exit_code = 0;  // of exited
  int signal = 0;     // of killed and dumped

  // What a shell would call it: the exit code, or 128 + signal.
  [[nodiscard]] int shell_status() const { return code == Code::exited ? exit_code : 128 + signal; }
};

// Decodes the status word of wait(2), in this one place.
Ending decode_wait_status(int status);

}  // namespace tether
