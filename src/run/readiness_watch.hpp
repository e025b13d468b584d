// Whether COMMAND is ready yet, and when its time for that is over: the messages of the readiness
// channel, summed up.
#pragma once

#include <optional>
#include <string>

#include "setup/readiness_channel.hpp"
#include "sys/deadline.hpp"

namespace tether {

class ReadinessWatch {
 public:
  // The time starts now. Without a channel COMMAND is ready when it runs.
  ReadinessWatch(ReadinessChannel channel, Duration timeout);

  struct News {
    bool became_ready = false;
    bool gave_up = false;           // COMMAND closed its descriptor and was not ready
    std::optional<pid_t> main_pid;  // MAINPID=: the main process from now on, as COMMAND says
  };
  // Takes the messages that have come, without waiting.
  News read();

  [[nodiscard]] bool is_ready() const { return is_ready_; }
  [[nodiscard]] int fd() const { return channel_.fd(); }
  // When --ready-timeout has passed; none without a limit, or once COMMAND is ready.
  [[nodiscard]] std::optional<Clock::time_point> deadline() const;
  // The last STATUS= and ERRNO= of COMMAND.
  [[nodiscard]] const std::optional<std::string>& status() const { return status_; }
  [[nodiscard]] std::optional<int> error_number() const { return error_number_; }

  // Before tether leaves: waits a moment for a process of COMMAND's that still talks to the socket.
  void linger(pid_t child) { channel_.linger(child); }
  void close() { channel_.close(); }

 private:
  ReadinessChannel channel_;
  bool is_ready_;
  std::optional<Clock::time_point> deadline_;
  std::optional<std::string> status_;
  std::optional<int> error_number_;
};

}  // namespace tether
