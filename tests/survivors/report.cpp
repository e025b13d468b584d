#include "report.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <system_error>

#include "sys/unique_fd.hpp"

namespace survivors {
namespace {

const char* word_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::passed:
      return "passed";
    case Verdict::failed:
      return "failed";
    case Verdict::skipped:
      return "skipped";
  }
  return "";
}

// What would end the field or the line early becomes a blank.
std::string field(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c == '\t' || c == '\n' || c == '\r'; }, ' ');
  return text;
}

}  // namespace

void report(const std::string& name, Verdict verdict, const std::string& why) {
  const char* const path = std::getenv("TETHER_REPORT");
  if (path == nullptr || *path == 0) return;
  const std::string line = field(name) + '\t' + word_of(verdict) + '\t' + field(why) + '\n';
  const tether::UniqueFd file(::open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666));
  // One write: other programs add to the file at the same time.
  if (!file || ::write(file.get(), line.data(), line.size()) != static_cast<ssize_t>(line.size()))
    throw std::system_error(errno, std::generic_category(), path);
}

}  // namespace survivors
