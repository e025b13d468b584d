// The directories and small text files of cgroup v2: listing, writing and parsing.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tether {

// Writes `text` in one write(2), as the kernel requires. False and errno on failure.
bool write_cgroup_file(int directory_fd, const char* name, std::string_view text);

// The names of the directories in a directory; none if it cannot be read.
std::vector<std::string> directories_in(int directory_fd);

// The first word of `text` as a number; none for "max" or any other word. Pure.
std::optional<std::uint64_t> first_word_as_number(std::string_view text);

// Whether `word` is in a list of words, such as cgroup.controllers. Pure.
bool has_word(std::string_view text, std::string_view word);

// The pids in the text of cgroup.procs, without 0, a process of another PID namespace. Pure.
std::vector<pid_t> pids_in(std::string_view text);

}  // namespace tether
