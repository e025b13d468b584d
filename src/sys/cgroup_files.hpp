// The small text files of cgroup v2, by name in a directory that is held open; and what they say.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tether {

// In one write, as the kernel wants it. False and errno on failure.
bool write_cgroup_file(int directory_fd, const char* name, std::string_view text);

// Pure, for files of one number: none for "max" or anything else.
std::optional<std::uint64_t> first_word_as_number(std::string_view text);

// Pure, for lists of words, such as cgroup.controllers.
bool has_word(std::string_view text, std::string_view word);

// Pure, for cgroup.procs. Without 0, which stands for processes of other PID namespaces.
std::vector<pid_t> pids_in(std::string_view text);

}  // namespace tether
