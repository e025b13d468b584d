// filter CALL=ERRNO[,CALL=ERRNO]... COMMAND [ARG]... - execs COMMAND under a seccomp filter that
// answers ERRNO to CALL, as a container engine's profile does.
// CALL: clone3, clone-pidfd (clone with CLONE_PIDFD), clone-namespaces (clone with CLONE_NEWUSER or
// CLONE_NEWPID), mount, pidfd_open, close_range, ioctl.
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

namespace {

int errno_named(const std::string& name) {
  if (name == "ENOSYS") return ENOSYS;
  if (name == "EPERM") return EPERM;
  if (name == "EINVAL") return EINVAL;
  return -1;
}

struct Call {
  const char* name;
  int number;
  unsigned flags;  // of which the first argument has one; 0: any call
};

constexpr Call calls[] = {
    {"clone3", SYS_clone3, 0},
    {"clone-pidfd", SYS_clone, CLONE_PIDFD},
    {"clone-namespaces", SYS_clone, CLONE_NEWUSER | CLONE_NEWPID},
    {"mount", SYS_mount, 0},
    {"pidfd_open", SYS_pidfd_open, 0},
    {"close_range", SYS_close_range, 0},
    {"ioctl", SYS_ioctl, 0},
};

const Call* call_named(const std::string& name) {
  for (const Call& call : calls)
    if (name == call.name) return &call;
  return nullptr;
}

sock_filter load(std::size_t offset) {
  return BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<unsigned>(offset));
}

void add_rule(std::vector<sock_filter>& program, const Call& call, int error) {
  const auto number = static_cast<unsigned>(call.number);
  const auto answer = SECCOMP_RET_ERRNO | static_cast<unsigned>(error);
  program.push_back(load(offsetof(seccomp_data, nr)));
  if (call.flags != 0) {
    program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 3));
    program.push_back(load(offsetof(seccomp_data, args)));
    program.push_back(BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, call.flags, 0, 1));
  } else {
    program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1));
  }
  program.push_back(BPF_STMT(BPF_RET | BPF_K, answer));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return 125;
  std::vector<sock_filter> program;
  const std::string rules = argv[1];
  for (std::size_t at = 0; at < rules.size();) {
    const std::size_t end = std::min(rules.find(',', at), rules.size());
    const std::string rule = rules.substr(at, end - at);
    const std::size_t equals = rule.find('=');
    const Call* const call = call_named(rule.substr(0, equals));
    const int error = equals == std::string::npos ? -1 : errno_named(rule.substr(equals + 1));
    if (call == nullptr || error < 0) {
      (void)std::fprintf(stderr, "filter: bad rule '%s'\n", rule.c_str());
      return 125;
    }
    add_rule(program, *call, error);
    at = end + 1;
  }
  program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  sock_fprog loaded{static_cast<unsigned short>(program.size()), program.data()};
  // Root may install one without no_new_privs, which would otherwise change what is tested.
  if (::geteuid() != 0) (void)::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  if (::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &loaded, 0, 0) != 0) {
    std::perror("filter");
    return 125;
  }
  (void)::execvp(argv[2], argv + 2);
  std::perror(argv[2]);
  return 127;
}
