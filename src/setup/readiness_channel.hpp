// The channel on which COMMAND says that it is ready: a pipe to a descriptor of its own, or a
// socket that NOTIFY_SOCKET names.
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
  // Opens the channel that `options` ask for; none if they do not. A socket has a path in a
  // directory of its own where one can be had, so that it is reached from another network
  // namespace too, and an abstract name elsewhere (unix(7)).
  static Result<ReadinessChannel> open(const Options& options);
  ReadinessChannel() = default;
  ReadinessChannel(ReadinessChannel&& other) noexcept;
  ReadinessChannel& operator=(ReadinessChannel&& other) noexcept;
  // Removes the socket's path.
  ~ReadinessChannel() { close(); }

  // COMMAND's end of it.
  [[nodiscard]] Launch::Extras for_command() const;
  // Our copy of COMMAND's end, once the child has its own: only then does an end of file come.
  void close_childs_end() { childs_end_.reset(); }

  [[nodiscard]] bool is_open() const { return static_cast<bool>(ours_); }
  // To be polled for input; -1 if there is no channel.
  [[nodiscard]] int fd() const { return ours_.get(); }

  // One message, without waiting; none if there is none. Of the socket only what comes from a
  // descendant of this process, from its own user or from root.
  std::optional<NotifyMessage> next();
  // Nobody can say anything any more: COMMAND has closed its descriptor.
  [[nodiscard]] bool is_at_end() const { return at_end_; }

  // After READY=1: a helper such as systemd-notify(1) goes on to say BARRIER=1, and fails where
  // nobody listens any more. Waits for that or for the helper's end, but not long.
  void linger(pid_t child);

  void close();

 private:
  Status open_socket();
  [[nodiscard]] bool bind_in(const std::string& directory);
  std::optional<NotifyMessage> next_line();
  std::optional<NotifyMessage> next_datagram();

  std::optional<Notify> how_;
  UniqueFd ours_;
  UniqueFd childs_end_;
  std::string directory_;  // made for the socket; empty if it is abstract
  std::string address_;    // as NOTIFY_SOCKET has it
  pid_t sender_ = -1;      // of the last message
  bool at_end_ = false;
};

}  // namespace tether
