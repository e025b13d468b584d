// Who gets the pidfd: the other end of a Unix socket. One message goes there, whatever becomes of
// the start: its record together with the descriptors, or the record of the error alone.
#pragma once

#include <string>

#include "failure.hpp"
#include "policy/options.hpp"
#include "sys/descriptors.hpp"
#include "sys/unique_fd.hpp"

namespace tether {

class Receiver {
 public:
  Receiver() = default;
  // A socket of tether's own.
  explicit Receiver(UniqueFd socket) : socket_(std::move(socket)) {}
  // Else the caller's, that --pidfd-fd names: a Unix socket of any type, connected, with room for a
  // message. It is close-on-exec from then on.
  Status open(const Options& options, const CallersDescriptors& callers);

  // Sends the start record with the pidfd and, if it is not negative, the lifeline. Waits for
  // nothing: who has no room by now has lost it.
  Status give(const std::string& start_line, int pidfd, int lifeline);
  // Says instead why there is nothing to give, if that can be said at once.
  void refuse(const std::string& error_line);
  // To be polled for nothing but its hang-up: the receiver is gone. -1 once it has been closed
  // here.
  [[nodiscard]] int fd() const { return socket_.get(); }
  // Nothing more will come.
  void close() { socket_.reset(); }

 private:
  UniqueFd socket_;
};

}  // namespace tether
