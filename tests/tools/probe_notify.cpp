// The verbs of probe that say that it is ready.
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <string>

#include "probe.hpp"

namespace {

// One byte of a FIFO (or of a file), once it comes.
void await(const char* path) {
  const int fd = ::open(path, O_RDONLY | O_CLOEXEC);
  char byte = 0;
  (void)!::read(fd, &byte, 1);
  (void)::close(fd);
}

// To $NOTIFY_SOCKET, with descriptor `fd` unless that is -1.
bool send_message(const std::string& text, int fd) {
  const char* name = std::getenv("NOTIFY_SOCKET");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::size_t length = name != nullptr ? std::strlen(name) : 0;
  if (length == 0 || length >= sizeof address.sun_path) return false;
  std::memcpy(address.sun_path, name, length);
  if (address.sun_path[0] == '@') address.sun_path[0] = 0;
  iovec part{const_cast<char*>(text.data()), text.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof fd)] = {};
  msghdr header{};
  header.msg_name = &address;
  header.msg_namelen = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + length);
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  if (fd >= 0) {
    header.msg_control = control;
    header.msg_controllen = sizeof control;
    cmsghdr* rights = CMSG_FIRSTHDR(&header);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof fd);
    std::memcpy(CMSG_DATA(rights), &fd, sizeof fd);
  }
  const int from = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const bool sent = ::sendmsg(from, &header, 0) == static_cast<ssize_t>(text.size());
  (void)::close(from);
  return sent;
}

// BARRIER=1: whether the other side closes the descriptor that comes with it, in time.
bool pass_barrier() {
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC) != 0 || !send_message("BARRIER=1", ends[1])) return false;
  (void)::close(ends[1]);
  pollfd closed{ends[0], 0, 0};
  return ::poll(&closed, 1, 20000) == 1;
}

// From a process that has left when this returns, under user `uid` unless that is -1.
bool send_by_helper(const std::string& text, int uid) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    const auto id = static_cast<uid_t>(uid);
    const bool is_user = uid < 0 || ::setresuid(id, id, id) == 0;
    ::_exit(is_user && send_message(text, -1) ? 0 : 1);
  }
  int status = 0;
  return ::waitpid(pid, &status, 0) == pid && status == 0;
}

std::string with_pid(std::string text, pid_t pid) {
  const std::size_t at = text.find('%');
  return at == std::string::npos ? text : text.replace(at, 1, std::to_string(pid));
}

}  // namespace

// newline N [FIFO]: says that it is ready on descriptor N, after a byte from FIFO if one is named.
int say_newline(Words words) {
  if (words[1] != nullptr) await(words[1]);
  if (::write(number(words[0]), "\n", 1) != 1) return 97;
  while (true) ::pause();
}

// notify WORD...: sends every word to $NOTIFY_SOCKET and stays, but for words of its own. "helper":
// the rest is sent by processes that leave at once; "uid:N": and as that user; "fork": a process
// that stays, whose pid is % in what follows; "reap": waits for that one; "barrier"; "await:FIFO";
// "leave:N".
int notify(Words words) {
  bool by_helper = false;
  int uid = -1;
  pid_t forked = ::getpid();
  for (; *words != nullptr; ++words) {
    const std::string word = *words;
    const std::string value = word.substr(word.find(':') + 1);
    bool ok = true;
    if (word == "helper") {
      by_helper = true;
    } else if (word.rfind("uid:", 0) == 0) {
      uid = number(value.c_str());
    } else if (word == "fork") {
      forked = ::fork();
      if (forked == 0)
        while (true) ::pause();
    } else if (word == "reap") {
      ok = ::waitpid(forked, nullptr, 0) == forked;
    } else if (word == "barrier") {
      ok = pass_barrier();
    } else if (word.rfind("await:", 0) == 0) {
      await(value.c_str());
    } else if (word.rfind("leave:", 0) == 0) {
      return number(value.c_str());
    } else {
      const std::string text = with_pid(word, forked);
      ok = by_helper ? send_by_helper(text, uid) : send_message(text, -1);
    }
    if (!ok) return 97;
  }
  while (true) ::pause();
}
