// Whether COMMAND is ready yet, and until when it may take: what came over the channel, summed up.
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
    bool gave_up = false;           // it closed its descriptor without a word
    std::optional<pid_t> main_pid;  // who speaks for it from now on, as it says
  };
  // Takes all that has come, without waiting.
  News read();

  [[nodiscard]] bool is_ready() const { return is_ready_; }
  [[nodiscard]] int fd() const { return channel_.fd(); }
  // When its time is up; none while it has no limit, or is ready.
  [[nodiscard]] std::optional<Clock::time_point> deadline() const;
  // What it last said of itself, by STATUS= and ERRNO=.
  [[nodiscard]] const std::optional<std::string>& status() const { return status_; }
  [[nodiscard]] std::optional<int> error_number() const { return error_number_; }

  // Before leaving: lets a helper of `child` finish what it has to say.
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
