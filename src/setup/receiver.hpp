// The process that gets the pidfd, at the other end of a Unix socket. One message goes there: the
// start record with the descriptors, or the error record alone.
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
  // Takes a socket that tether has made.
  explicit Receiver(UniqueFd socket) : socket_(std::move(socket)) {}
  // Else takes the caller's, which --pidfd-fd names: a connected Unix socket of any type with room
  // for a message. It is close-on-exec and owned here from then on.
  Status open(const Options& options, const CallersDescriptors& callers);

  // Sends the start record with the pidfd and, if it is not negative, the lifeline; both stay the
  // caller's. Does not wait: a Failure (Stage::hand_over, EAGAIN) if the socket has no room.
  Status give(const std::string& start_line, int pidfd, int lifeline);
  // Sends the error record instead, if the socket has room.
  void refuse(const std::string& error_line);
  // To be polled for its hang-up only: the receiver is gone. -1 after close().
  [[nodiscard]] int fd() const { return socket_.get(); }
  void close() { socket_.reset(); }

 private:
  UniqueFd socket_;
};

}  // namespace tether
