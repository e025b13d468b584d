// as-user UID COMMAND [ARG]... - drops groups, gid and uid to UID, and execs COMMAND.
#include <grp.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

int main(int argc, char** argv) {
  if (argc < 3) return 125;
  const auto id = static_cast<uid_t>(std::strtoul(argv[1], nullptr, 10));
  if (::setgroups(0, nullptr) != 0 || ::setresgid(id, id, id) != 0 ||
      ::setresuid(id, id, id) != 0) {
    std::perror("as-user");
    return 125;
  }
  (void)::execvp(argv[2], argv + 2);
  std::perror(argv[2]);
  return 127;
}
