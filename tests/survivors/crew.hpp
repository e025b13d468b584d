// Work that is done by several processes at a time, each of which sees its own descendants only.
#pragma once

#include <sys/types.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "sys/unique_fd.hpp"

namespace survivors {

class Crew {
 public:
  // A piece of work: runs in a process of its own and gives a text of at most 64 KiB.
  using Work = std::function<std::string()>;

  // At most `size` at a time. Each is to have bounds of its own; all are killed with this process.
  explicit Crew(std::size_t size) : size_(size) {}

  // Does all of it; the texts in the order of the work, an exception's as "error: ...".
  std::vector<std::string> perform(const std::vector<Work>& work);

 private:
  struct Worker {
    std::size_t number;
    tether::UniqueFd result;
  };

  void start(const Work& work, std::size_t number);
  void await_one(std::vector<std::string>& results);

  std::size_t size_;
  std::map<pid_t, Worker> workers_;
};

}  // namespace survivors
