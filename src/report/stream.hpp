// A descriptor that tether writes lines to, in order, each in one write(2) where there is room for
// it. A line without room is kept, so that writing does not delay tether while the child runs.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "sys/unique_fd.hpp"

namespace tether {

class Stream {
 public:
  // `fd` stays the caller's; `name` is for messages.
  Stream(int fd, std::string name);
  void queue(std::string line);
  // Writes what fits without blocking. A write error gives the stream up.
  void flush();
  // Reports `error_number` on standard error. Drops what is unwritten, and everything later.
  void give_up(int error_number);
  [[nodiscard]] bool has_pending() const { return !pending_.empty(); }
  [[nodiscard]] int fd() const { return fd_; }

  bool gets_records = false;

 private:
  [[nodiscard]] ssize_t write_some(const std::string& line) const;

  int fd_;
  UniqueFd own_;  // the same file, opened again as O_NONBLOCK; empty if not needed or not possible
  bool is_socket_ = false;
  bool looks_first_ = true;  // a write could block: poll(2) first
  std::string name_;
  std::vector<std::string> pending_;
  bool broken_ = false;
};

}  // namespace tether
