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

  // At most `size` at a time; one that takes longer than `limit_seconds` is killed.
  Crew(std::size_t size, unsigned limit_seconds) : size_(size), limit_seconds_(limit_seconds) {}

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
  unsigned limit_seconds_;
  std::map<pid_t, Worker> workers_;
};

}  // namespace survivors
