// --dry-run and a start ask the same questions in the same order: what one refuses the other one
// refuses, with the same status and the same first line, wherever looking is enough to know.
#include <doctest/doctest.h>
#include <sys/mount.h>
#include <unistd.h>

#include <csignal>
#include <random>
#include <sstream>

#include "cases.hpp"
#include "cgroups.hpp"
#include "harness.hpp"
#include "namespace.hpp"

using namespace tether::test;

namespace {

struct Surroundings {
  std::string name;
  Setup setup;
};

Setup without_proc(Setup setup = {}) {
  setup.before_exec = [] {
    unshare_mounts();
    if (::umount2("/proc", MNT_DETACH) != 0) ::_exit(94);
  };
  return setup;
}

std::vector<Surroundings> all_surroundings() {
  std::vector<Surroundings> all{{"as they are", {}},
                                {"clone3 answers ENOSYS", filtered("clone3=ENOSYS")},
                                {"clone3 answers EPERM", filtered("clone3=EPERM")}};
  if (is_root()) all.push_back({"as a user", as_user(4712)});
  if (!has_mount_namespaces()) return all;
  all.push_back({"without /proc", without_proc()});
  all.push_back({"as a user without /proc", without_proc(as_user(4712))});
  return all;
}

// Some hold, some do not, some depend on the surroundings. Nothing here is found out only by making
// it: no file is named, and COMMAND is there.
std::vector<Words> all_options() {
  std::vector<Words> all{{"--autokill"},
                         {"--autokill", "--nnp"},
                         {"--autoreap"},
                         {"--nnp"},
                         {"--tree"},
                         {"--pid-namespace"},
                         {"--strict"},
                         {"-t", "1h"},
                         {"-t", "1h", "-k", "1s"},
                         {"-d"},
                         {"--setsid"},
                         {"--setpgid"},
                         {"--exec"},
                         {"--nohup"},
                         {"--die-with-parent"},
                         {"--die-with-pid=2147483647"},
                         {"--die-with-pid=1"},
                         {"--die-on-eof=77"},
                         {"--block-fd=77"},
                         {"--status-fd=77"},
                         {"--status-fd=1"},
                         {"--pidfd-fd=77"},
                         {"--keep-fd=77"},
                         {"--close-fds"},
                         {"--chdir=/no/such"},
                         {"--chdir=/"},
                         {"--cgroup=/no/such"},
                         {"--cgroup=/tmp"},
                         {"--umask=27"}};
  const auto own = own_cgroup();
  if (own) all.push_back({"--cgroup=" + *own});
  return all;
}

template <typename Element>
const Element& one_of(const std::vector<Element>& all, std::mt19937& random) {
  return all[random() % all.size()];
}

Words some_of(const std::vector<Words>& all, std::mt19937& random) {
  Words words;
  const std::size_t count = 1 + random() % 3;
  for (std::size_t i = 0; i < count; ++i) words = words + one_of(all, random);
  return words;
}

// What tether says first. A sanitizer has something to say of a missing /proc before.
std::string said_first(const Finished& finished) {
  std::istringstream lines(finished.err);
  for (std::string line; std::getline(lines, line);)
    if (line.rfind("tether: ", 0) == 0) return line;
  return {};
}

void check_agreement(const Words& options, const Setup& setup) {
  const Finished real = run(options + Words{"--", "/bin/true"}, setup);
  const Finished dry = run(Words{"--dry-run"} + options + Words{"--", "/bin/true"}, setup);
  INFO("a start said: ", real.err);
  INFO("a dry run said: ", dry.err);
  CHECK(dry.exit_code == real.exit_code);
  if (dry.exit_code != 0) CHECK(said_first(dry) == said_first(real));
}

}  // namespace

TEST_CASE("a dry run and a start agree on every combination, in all surroundings") {
  const std::vector<Surroundings> surroundings = all_surroundings();
  const std::vector<Words> options = all_options();
  std::mt19937 random(12);  // the same ones in each run
  const int total = rounds(300);
  for (int round = 0; round < total; ++round) {
    const Surroundings& where = one_of(surroundings, random);
    const Words words = some_of(options, random);
    CAPTURE(where.name);
    CAPTURE(joined(words));
    check_agreement(words, where.setup);
  }
}

TEST_CASE("a dry run refuses each option that a start refuses alone, in all surroundings") {
  const std::vector<Surroundings> surroundings = all_surroundings();
  std::size_t turn = 0;
  for (const Words& words : all_options())
    for (std::size_t i = 0; i < (is_run_in_full() ? surroundings.size() : 1); ++i) {
      const Surroundings& where = surroundings[turn++ % surroundings.size()];
      CAPTURE(where.name);
      CAPTURE(joined(words));
      check_agreement(words, where.setup);
    }
}

TEST_CASE("of several faults a dry run names the one that a start names") {
  // As an ordinary user, for whom --autokill alone is a fault.
  const Setup user = is_root() ? as_user(4712) : Setup{};
  for (const Words& words : {Words{"--autokill", "--status-fd=77"},
                             Words{"--autokill", "--cgroup=/no/such", "--chdir=/no/such"},
                             Words{"--strict", "--tree", "--cgroup=/no/such"}}) {
    CAPTURE(joined(words));
    check_agreement(words, user);
  }
}

KERNEL_TEST_CASE("a dry run of a tree refuses the cgroup that tether itself is in") {
  const auto own = own_cgroup();
  SKIP_UNLESS(own, "this user may make no cgroup here");
  const Words words{"--tree", "--cgroup=" + *own};
  CHECK(run(words + Words{"--", "/bin/true"}).exit_code == 125);
  check_agreement(words, {});
}

TEST_CASE("a dry run of a tree without /proc is refused as the start is") {
  SKIP_UNLESS(has_mount_namespaces(), "needs root, and a mount namespace");
  CHECK(run({"--dry-run", "--tree", "--", "/bin/true"}, without_proc()).exit_code == 125);
  check_agreement({"--tree"}, without_proc());
}
