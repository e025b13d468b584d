#include "crew.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <exception>
#include <system_error>

namespace survivors {
namespace {

std::string outcome_of(const Crew::Work& work) {
  try {
    return work();
  } catch (const std::exception& error) {
    return std::string("error: ") + error.what();
  }
}

std::string read_all(int fd) {
  std::string text;
  std::array<char, 4096> buffer{};
  ssize_t size = 0;
  while ((size = ::read(fd, buffer.data(), buffer.size())) > 0)
    text.append(buffer.data(), static_cast<std::size_t>(size));
  return text;
}

}  // namespace

void Crew::start(const Work& work, std::size_t number) {
  std::array<int, 2> ends{};
  // Non-blocking for the reader: a process that a killed worker left behind may hold the other end.
  if (::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0)
    throw std::system_error(errno, std::generic_category(), "pipe");
  tether::UniqueFd reading(ends[0]);
  const tether::UniqueFd writing(ends[1]);
  const pid_t crew = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (pid == 0) {
    (void)::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != crew) ::_exit(1);
    const std::string text = outcome_of(work);
    (void)!::write(writing.get(), text.data(), text.size());
    ::_exit(0);
  }
  workers_.emplace(pid, Worker{number, std::move(reading)});
}

void Crew::await_one(std::vector<std::string>& results) {
  int status = 0;
  const pid_t pid = ::waitpid(-1, &status, 0);
  if (pid < 0 && errno != EINTR) throw std::system_error(errno, std::generic_category(), "waitpid");
  const auto worker = workers_.find(pid);
  if (worker == workers_.end()) return;
  std::string& result = results[worker->second.number];
  result = read_all(worker->second.result.get());
  if (status != 0) result = "error: the process that did it ended with " + std::to_string(status);
  workers_.erase(worker);
}

std::vector<std::string> Crew::perform(const std::vector<Work>& work) {
  std::vector<std::string> results(work.size());
  for (std::size_t number = 0; number < work.size(); ++number) {
    while (workers_.size() >= size_) await_one(results);
    start(work[number], number);
  }
  while (!workers_.empty()) await_one(results);
  return results;
}

}  // namespace survivors
