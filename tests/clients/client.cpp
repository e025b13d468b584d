// client COMMAND [ARG]... - runs COMMAND so that it cannot outlive this program, kill -9 included:
// its pidfd is handed over to this program, and nobody else has it.
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

// What a flat JSON record says of `name`.
std::string field(const std::string& record, const std::string& name) {
  const std::size_t at = record.find('"' + name + "\":");
  if (at == std::string::npos) return {};
  std::size_t start = at + name.size() + 3;
  if (record[start] == '"') ++start;
  return record.substr(start, record.find_first_of("\",}", start) - start);
}

struct Child {
  // All that has come. When the last copy is closed, the child ends.
  std::vector<int> held;
  std::string start;  // the record
};

Child receive(int socket) {
  char record[4096];
  alignas(cmsghdr) char control[CMSG_SPACE(2 * sizeof(int))];
  iovec part{record, sizeof record};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  Child child;
  const ssize_t size = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  if (size > 0) child.start.assign(record, static_cast<std::size_t>(size));
  if (const cmsghdr* header = size > 0 ? CMSG_FIRSTHDR(&message) : nullptr) {
    child.held.resize((header->cmsg_len - CMSG_LEN(0)) / sizeof(int));
    std::memcpy(child.held.data(), CMSG_DATA(header), child.held.size() * sizeof(int));
  }
  return child;
}

// COMMAND starts at argv[1]. Of our descriptors tether gets `socket` and `status`.
bool run_tether(char** argv, int socket, int status) {
  std::vector<std::string> words{"tether",
                                 "-q",
                                 "--autokill",
                                 "--nnp",
                                 "--pidfd-fd=" + std::to_string(socket),
                                 "--status-fd=" + std::to_string(status),
                                 "--"};
  std::vector<char*> tether(words.size());
  for (std::size_t i = 0; i < words.size(); ++i) tether[i] = words[i].data();
  while (*++argv != nullptr) tether.push_back(*argv);
  tether.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, socket, socket);  // no longer close-on-exec there
  posix_spawn_file_actions_adddup2(&actions, status, status);
  pid_t pid = -1;
  const int error = posix_spawnp(&pid, "tether", &actions, nullptr, tether.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  return error == 0 && waitpid(pid, nullptr, 0) == pid;
}

int main(int, char** argv) {
  int sockets[2], status[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) != 0) return 1;
  if (pipe2(status, O_CLOEXEC) != 0 || !run_tether(argv, sockets[1], status[1])) return 1;
  close(sockets[1]);
  close(status[1]);

  const Child child = receive(sockets[0]);
  if (child.held.empty()) return 1;  // tether has said why, and the record does
  std::printf("pid %s\n", field(child.start, "pid").c_str());
  std::fflush(stdout);

  pollfd ended{child.held[0], POLLIN, 0};
  while (poll(&ended, 1, -1) < 0) {
  }
  std::string records;
  char some[4096];
  for (ssize_t size; (size = read(status[0], some, sizeof some)) > 0;)
    records.append(some, static_cast<std::size_t>(size));
  const std::size_t exit_record = records.find("{\"record\":\"exit\"");
  if (exit_record == std::string::npos) return 1;  // somebody has killed its keeper
  const std::string end = records.substr(exit_record);
  if (field(end, "signal") == "null")
    std::printf("exited with status %s\n", field(end, "status").c_str());
  else
    std::printf("killed by %s\n", field(end, "signal").c_str());
}
