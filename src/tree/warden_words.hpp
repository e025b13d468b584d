// The messages between tether and the warden, of a fixed size, over a socket that keeps the
// boundaries between them (SOCK_SEQPACKET).
#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <type_traits>

#include "stage.hpp"
#include "sys/ending.hpp"
#include "sys/namespaces.hpp"

namespace tether {

// What the warden tells tether.
struct WardenNews {
  enum class Kind {
    ready,      // the child, `pid`, waits for `go`; with its pidfd (SCM_RIGHTS)
    failed,     // there is no child: `stage`, `error_number`, `step`
    running,    // COMMAND runs
    stopped,    // the child was stopped by `signal`
    continued,  // the child was continued
    ended,      // the child has ended and been reaped: `ending`, and `usage` if it is known
    empty,      // no member is left but `out_of_reach`; `ended` had to be ended
    in_step,    // all that happened before the question with this number has been told
  };
  Kind kind = Kind::failed;
  Stage stage = Stage::helper;
  int error_number = 0;
  NamespaceStep step = NamespaceStep::clone;  // for Stage::namespaces
  pid_t pid = -1;                             // for `ready`, as the warden sees it
  int signal = 0;
  int question = 0;
  Ending ending;
  bool has_usage = false;
  rusage usage{};
  int ended = 0;
  int out_of_reach = 0;
};

// What tether orders the warden to do.
struct WardenOrder {
  enum class Kind {
    go,       // lets the child exec
    ask,      // sends `signal` to every member of the tree, once
    kill,     // sends SIGKILL until no member is left
    in_step,  // asks for `in_step` with `question`
    let_go,   // the child's pidfd was handed over: the warden drops its copy of the open file
  };
  Kind kind = Kind::go;
  int signal = 0;
  int question = 0;
};

static_assert(std::is_trivially_copyable_v<WardenNews> &&
              std::is_trivially_copyable_v<WardenOrder>);

}  // namespace tether
