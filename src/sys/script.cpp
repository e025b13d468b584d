#include "sys/script.hpp"

#include <elf.h>
#include <fcntl.h>
#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

#include "sys/unique_fd.hpp"

namespace tether {
namespace {

constexpr std::size_t head_bytes = 256;  // BINPRM_BUF_SIZE: the kernel reads no more of "#!"
constexpr std::size_t path_bytes = 4096;

std::string script_interpreter(std::string_view head) {
  std::string_view line = head.substr(2);
  line = line.substr(0, std::min(line.find('\n'), line.size()));
  const std::size_t start = std::min(line.find_first_not_of(" \t"), line.size());
  line.remove_prefix(start);
  return std::string(line.substr(0, std::min(line.find_first_of(" \t"), line.size())));
}

template <typename Header, typename ProgramHeader>
std::optional<std::string> elf_interpreter(int fd) {
  Header header{};
  if (::pread(fd, &header, sizeof header, 0) != sizeof header ||
      header.e_phentsize != sizeof(ProgramHeader))
    return std::nullopt;
  for (unsigned i = 0; i < header.e_phnum; ++i) {
    ProgramHeader segment{};
    const auto offset = static_cast<off_t>(header.e_phoff + i * sizeof segment);
    if (::pread(fd, &segment, sizeof segment, offset) != sizeof segment) return std::nullopt;
    if (segment.p_type != PT_INTERP || segment.p_filesz < 2 || segment.p_filesz > path_bytes)
      continue;
    std::string path(segment.p_filesz - 1, '\0');
    const ssize_t got = ::pread(fd, path.data(), path.size(), static_cast<off_t>(segment.p_offset));
    if (got != static_cast<ssize_t>(path.size())) return std::nullopt;
    return path;
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> interpreter_of(int directory_fd, const std::string& path) {
  const UniqueFd file(
      ::openat(directory_fd, path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!file) return std::nullopt;
  std::array<char, head_bytes> head{};
  const ssize_t got = ::pread(file.get(), head.data(), head.size(), 0);
  if (got < 4) return std::nullopt;
  const std::string_view text(head.data(), static_cast<std::size_t>(got));
  if (text.substr(0, 2) == "#!") {
    std::string interpreter = script_interpreter(text);
    return interpreter.empty() ? std::nullopt : std::optional(std::move(interpreter));
  }
  if (std::memcmp(head.data(), ELFMAG, SELFMAG) != 0 || got <= EI_CLASS) return std::nullopt;
  return head[EI_CLASS] == ELFCLASS64 ? elf_interpreter<Elf64_Ehdr, Elf64_Phdr>(file.get())
                                      : elf_interpreter<Elf32_Ehdr, Elf32_Phdr>(file.get());
}

}  // namespace tether
