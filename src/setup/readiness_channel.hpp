// The channel on which COMMAND reports that it is ready (--notify): a pipe from a descriptor of
// COMMAND, or a datagram socket that NOTIFY_SOCKET names (sd_notify(3)).
#pragma once

#include <optional>
#include <string>

#include "failure.hpp"
#include "policy/notify_message.hpp"
#include "policy/options.hpp"
#include "setup/launch.hpp"
#include "sys/unique_fd.hpp"

namespace tether {

class ReadinessChannel {
 public:
  ReadinessChannel() = default;
  // What was moved from has no descriptor, and removes nothing.
  ReadinessChannel(ReadinessChannel&&) = default;
  ReadinessChannel& operator=(ReadinessChannel&&) = delete;
  // Removes the socket's path and its directory.
  ~ReadinessChannel() { close(); }
  // Opens the channel that `how` asks for. A socket has a path in a new directory, for
  // COMMAND in another network namespace, or an abstract name if that is not possible (unix(7)).
  Status open(const Notify& how);

  // Adds COMMAND's end to what COMMAND gets. This object keeps the descriptor.
  void give_to(Launch& launch) const;
  // Once the child has COMMAND's end: with tether's copy no end of file would come.
  void close_childs_end() { childs_end_.reset(); }

  [[nodiscard]] bool is_open() const { return static_cast<bool>(tethers_end_); }
  // To be polled for input; -1 if there is no channel.
  [[nodiscard]] int fd() const { return tethers_end_.get(); }

  // One message, if there is one. A datagram counts only from a descendant, the same user or root.
  std::optional<NotifyMessage> next();
  // COMMAND has closed its descriptor: no message can come any more.
  [[nodiscard]] bool is_at_end() const { return at_end_; }

  // After READY=1: a helper such as systemd-notify(1) sends BARRIER=1 next, and fails if the socket
  // is gone. Waits for that message or for the helper's end, at most 100 ms.
  void linger(pid_t child);

  void close();

 private:
  Status open_socket();
  [[nodiscard]] bool bind_in(const std::string& directory);
  std::optional<NotifyMessage> next_line();
  std::optional<NotifyMessage> next_datagram();

  Notify how_;
  UniqueFd tethers_end_;
  UniqueFd childs_end_;
  std::string directory_;  // made for the socket; empty without a path
  std::string address_;    // the value of NOTIFY_SOCKET
  pid_t sender_ = -1;      // the process that sent the last message
  bool at_end_ = false;
};

}  // namespace tether
