#include "sys/ending.hpp"

#include <sys/wait.h>

namespace tether {

Ending decode_wait_status(int status) {
  Ending ending;
  if (WIFEXITED(status)) {
    ending.exit_code = WEXITSTATUS(status);
  } else {
    ending.code = WCOREDUMP(status) ? Ending::Code::dumped : Ending::Code::killed;
    ending.signal = WTERMSIG(status);
  }
  return ending;
}

}  // namespace tether
