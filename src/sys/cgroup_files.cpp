#include "sys/cgroup_files.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include "numbers.hpp"
#include "sys/kernel_text.hpp"
#include "sys/unique_fd.hpp"

namespace tether {
bool write_cgroup_file(int directory_fd, const char* name, std::string_view text) {
  const UniqueFd file(::openat(directory_fd, name, O_WRONLY | O_CLOEXEC));
  return file && ::write(file.get(), text.data(), text.size()) >= 0;
}

std::vector<std::string> directories_in(int directory_fd) {
  std::vector<std::string> names;
  UniqueFd fd(::openat(directory_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  DIR* const directory = fd ? ::fdopendir(fd.get()) : nullptr;
  if (directory == nullptr) return names;
  (void)fd.release();  // `directory` owns it from here on
  while (const dirent* const entry = ::readdir(directory))
    if (entry->d_type == DT_DIR && entry->d_name[0] != '.') names.emplace_back(entry->d_name);
  (void)::closedir(directory);
  return names;
}

std::optional<std::uint64_t> first_word_as_number(std::string_view text) {
  return number_in<std::uint64_t>(take_word(text));
}

bool has_word(std::string_view text, std::string_view word) {
  while (true) {
    const std::string_view next = take_word(text);
    if (next.empty() || next == word) return !next.empty();
  }
}

std::vector<pid_t> pids_in(std::string_view text) {
  std::vector<pid_t> pids;
  while (!text.empty())
    if (const auto pid = first_word_as_number(take_line(text)); pid && *pid != 0)
      pids.push_back(static_cast<pid_t>(*pid));
  return pids;
}

}  // namespace tether
