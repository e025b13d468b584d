// What tether and the warden of its tree say to each other: one message each, of a fixed size, over
// a socket that keeps them apart (SOCK_SEQPACKET).
#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <type_traits>

#include "stage.hpp"
#include "sys/ending.hpp"
#include "sys/namespaces.hpp"

namespace tether {

// From the warden.
struct WardenNews {
  enum class Kind {
    ready,      // the child, `pid`, waits for the word; with its pidfd (SCM_RIGHTS)
    failed,     // there is no child: `stage`, `error_number`, `step`
    running,    // COMMAND runs
    stopped,    // the child was stopped by `signal`
    continued,  // the child was continued
    ended,      // the child has ended and been waited for: `ending`, and `usage` if it is known
    empty,      // nothing is left of the tree but `out_of_reach`; `ended` had to be ended
    in_step,    // all that happened before the question with this number has been told
  };
  Kind kind = Kind::failed;
  Stage stage = Stage::helper;
  int error_number = 0;
  NamespaceStep step = NamespaceStep::clone;  // of Stage::namespaces
  pid_t pid = -1;                             // of `ready`, as the warden sees it
  int signal = 0;
  int question = 0;
  Ending ending;
  bool has_usage = false;
  rusage usage{};
  int ended = 0;
  int out_of_reach = 0;
};

// To the warden.
struct WardenOrder {
  enum class Kind {
    go,       // the word that the child waits for
    ask,      // `signal` to every member of the tree, once
    kill,     // SIGKILL to what is left, until nothing is
    in_step,  // tell when all that happened has been told
    let_go,   // of the child's pidfd that came from the clone: it has been handed over
  };
  Kind kind = Kind::go;
  int signal = 0;
  int question = 0;
};

static_assert(std::is_trivially_copyable_v<WardenNews> &&
              std::is_trivially_copyable_v<WardenOrder>);

}  // namespace tether
