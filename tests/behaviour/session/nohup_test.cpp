// --nohup: nohup(1)'s rules, on a real terminal.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>

#include "detached.hpp"
#include "pseudo_terminal.hpp"

using namespace tether::test;

namespace {

// Whoever stays.
const std::vector<Words> modes = {{}, {"-d"}, {"-d", "--status-file=/dev/null"}, {"--exec"}};

Setup in(const std::string& directory, Setup setup) {
  setup.before_exec = [directory, inner = std::move(setup.before_exec)] {
    if (inner) inner();
    (void)!::chdir(directory.c_str());
  };
  return setup;
}

Setup after(Setup setup, std::function<void()> more) {
  setup.before_exec = [inner = std::move(setup.before_exec), more = std::move(more)] {
    if (inner) inner();
    more();
  };
  return setup;
}

// A COMMAND under --nohup that runs, whatever the mode.
class Job {
 public:
  Job(const Words& mode, const Words& more, const Setup& setup)
      : running_(mode + Words{"--nohup"} + more + probe("sleep"), setup) {
    const bool detached = !mode.empty() && mode[0] == "-d";
    if (!detached && !mode.empty()) {
      pid_ = running_.pid();
    } else {
      if (detached) REQUIRE(running_.wait().exit_code == 0);
      pid_t parent = detached ? ::getpid() : running_.pid();
      if (mode.size() > 1) parent = children_of(parent).at(0);
      REQUIRE(eventually([&] { return !children_of(parent).empty(); }));
      pid_ = children_of(parent).at(0);
    }
    REQUIRE(probe_sits(pid_));
  }
  ~Job() { end_all_children(); }
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] std::string descriptor(int fd) const {
    return link_of(pid_, "fd/" + std::to_string(fd));
  }
  [[nodiscard]] bool ignores_hangup() const {
    return (std::stoull(status_of(pid_, "SigIgn"), nullptr, 16) & 1U) != 0;
  }
  // By its access mode, which is not that of a file to be read.
  [[nodiscard]] bool cannot_read_input() const {
    const std::string info = read_file(proc(pid_, "fdinfo/0"));
    const std::size_t flags = info.find_first_not_of(" \t", info.find("flags:") + 6);
    return (std::stoi(info.substr(flags), nullptr, 8) & O_ACCMODE) == O_WRONLY;
  }
  Running& running() { return running_; }

 private:
  Running running_;
  pid_t pid_ = 0;
};

}  // namespace

TEST_CASE("under nohup a terminal becomes no input and nohup.out") {
  for (const Words& mode : modes) {
    CAPTURE(joined(mode));
    TemporaryDirectory directory;
    PseudoTerminal terminal;
    const Job job(mode, {}, in(directory.path(), terminal.on({0, 1, 2})));
    const std::string file = directory.path("nohup.out");
    CHECK(job.descriptor(0) == "/dev/null");
    CHECK(job.cannot_read_input());
    CHECK(job.descriptor(1) == canonical(file));
    CHECK(job.descriptor(2) == canonical(file));
    CHECK(job.ignores_hangup());
    CHECK(eventually([&] { return read_file(file) == "ready\n"; }));
    CHECK(terminal.expect("nohup.out'").rfind("tether: ", 0) == 0);
  }
}

TEST_CASE("under nohup nothing can be read from what was a terminal") {
  TemporaryDirectory directory;
  PseudoTerminal terminal;
  const Finished finished = run(Words{"--nohup"} + probe("read"), terminal.on({0}));
  CHECK(finished.exit_code == 0);
  CHECK(finished.out == "read Bad file descriptor\n");
}

TEST_CASE("nohup.out is for its owner only and is appended to") {
  for (const Words& mode : modes) {
    for (const mode_t mask : {0000U, 0077U, 0777U}) {
      CAPTURE(joined(mode));
      CAPTURE(mask);
      TemporaryDirectory directory;
      PseudoTerminal terminal;
      const Setup setup =
          after(in(directory.path(), terminal.on({0, 1, 2})), [mask] { (void)::umask(mask); });
      const std::string file = directory.path("nohup.out");
      {
        const Job job(mode, {"-q"}, setup);
        CHECK(mode_of(file) == 0600);
        CHECK(status_of(job.pid(), "Umask").substr(1) == (mask == 0     ? "000"
                                                          : mask == 077 ? "077"
                                                                        : "777"));
        CHECK(eventually([&] { return read_file(file) == "ready\n"; }));
      }
      REQUIRE(::chmod(file.c_str(), 0640) == 0);
      PseudoTerminal other;
      const Job job(mode, {"-q"}, in(directory.path(), other.on({1})));
      CHECK(eventually([&] { return read_file(file) == "ready\nready\n"; }));
      CHECK(mode_of(file) == 0640);
    }
  }
}

TEST_CASE("nohup.out is in the home directory where the working directory has no place for it") {
  for (const Words& mode : modes) {
    CAPTURE(joined(mode));
    TemporaryDirectory directory;
    std::filesystem::create_directories(directory.path("work/nohup.out"));
    std::filesystem::create_directory(directory.path("home"));
    PseudoTerminal terminal;
    Setup setup = in(directory.path("work"), terminal.on({0, 1, 2}));
    setup.environment = {"HOME=" + directory.path("home")};
    const Job job(mode, {}, setup);
    CHECK(job.descriptor(1) == canonical(directory.path("home/nohup.out")));
    CHECK(mode_of(directory.path("home/nohup.out")) == 0600);
    terminal.expect(directory.path("home/nohup.out"));
  }
}

TEST_CASE("without a place for nohup.out COMMAND does not run") {
  for (const Words& mode : modes) {
    for (const bool has_home : {true, false}) {
      CAPTURE(joined(mode));
      CAPTURE(has_home);
      TemporaryDirectory directory;
      std::filesystem::create_directories(directory.path("nohup.out"));
      PseudoTerminal terminal;
      Setup setup = in(directory.path(), terminal.on({0, 1}));
      setup.clear_environment = true;
      if (has_home) setup.environment = {"HOME=" + directory.path("no/such")};
      const Finished finished = run(
          mode + Words{"--nohup", "--", "/bin/sh", "-c", ": > " + directory.path("ran")}, setup);
      CHECK(finished.exit_code == 125);
      CHECK(finished.first_error_line() == "tether: cannot open 'nohup.out': Is a directory");
      CHECK_FALSE(exists(directory.path("ran")));
      CHECK(OrphanCollector().all_are_gone());
    }
  }
}

TEST_CASE("under nohup only what is a terminal is replaced") {
  for (const Words& mode : {Words{}, Words{"--exec"}}) {
    CAPTURE(joined(mode));
    for (const std::vector<int>& terminals : {std::vector<int>{}, {0}, {1}, {2}, {0, 2}}) {
      CAPTURE(terminals);
      TemporaryDirectory directory;
      PseudoTerminal terminal;
      const Job job(mode, {}, in(directory.path(), terminal.on(terminals)));
      const auto is_terminal = [&](int fd) {
        return std::find(terminals.begin(), terminals.end(), fd) != terminals.end();
      };
      CHECK(job.cannot_read_input() == is_terminal(0));
      CHECK((job.descriptor(0) == "/dev/null") == is_terminal(0));
      CHECK(exists(directory.path("nohup.out")) == is_terminal(1));
      CHECK((job.descriptor(1).rfind("pipe:", 0) == 0) == !is_terminal(1));
      // A copy of standard output.
      CHECK((job.descriptor(2) == job.descriptor(1)) == is_terminal(2));
      CHECK(job.descriptor(2).rfind("pipe:", 0) == 0);
      CHECK(job.ignores_hangup());
      CHECK(descriptors_of(job.pid()) == std::set<int>{0, 1, 2});
    }
  }
}

TEST_CASE("a detached child under nohup loses pipes as ever and terminals as nohup has it") {
  for (const Words& mode : {Words{"-d"}, Words{"-d", "--status-file=/dev/null"}}) {
    CAPTURE(joined(mode));
    TemporaryDirectory directory;
    PseudoTerminal terminal;
    Connection pipe = Connection::pipe(1);
    const Setup setup = after(in(directory.path(), terminal.on({0, 2})), pipe.as(1).before_exec);
    const Job job(mode, {}, setup);
    CHECK(job.cannot_read_input());
    CHECK(job.descriptor(1) == "/dev/null");
    // A copy of standard output, and so of what that has become.
    CHECK(job.descriptor(2) == "/dev/null");
    CHECK_FALSE(exists(directory.path("nohup.out")));
    CHECK(pipe.is_closed_over_there());
    terminal.expect_hangup();
  }
}

TEST_CASE("a detached child under nohup has its standard error where its output is") {
  TemporaryDirectory directory;
  directory.write("out", "");
  PseudoTerminal terminal;
  const Setup setup = after(in(directory.path(), terminal.on({2})), [] {
    (void)::dup2(::open("out", O_WRONLY | O_APPEND | O_CLOEXEC), 1);
  });
  const Job job({"-d"}, {}, setup);
  CHECK(job.descriptor(1) == canonical(directory.path("out")));
  CHECK(job.descriptor(2) == canonical(directory.path("out")));
}

TEST_CASE("under nohup a file for standard output takes standard error as well") {
  for (const Words& mode : modes) {
    CAPTURE(joined(mode));
    TemporaryDirectory directory;
    PseudoTerminal terminal;
    const Job job(mode, {"--stdout=out"}, in(directory.path(), terminal.on({0, 1, 2})));
    CHECK(job.descriptor(0) == "/dev/null");
    CHECK(job.cannot_read_input());
    CHECK(job.descriptor(1) == canonical(directory.path("out")));
    CHECK(job.descriptor(2) == canonical(directory.path("out")));
    CHECK_FALSE(exists(directory.path("nohup.out")));
    CHECK(eventually([&] { return read_file(directory.path("out")) == "ready\n"; }));
  }
}

TEST_CASE("under nohup a terminal for errors goes to nohup.out when there is no output") {
  for (const Words& mode : modes) {
    CAPTURE(joined(mode));
    TemporaryDirectory directory;
    PseudoTerminal terminal;
    const Setup setup = after(in(directory.path(), terminal.on({0, 2})), [] { (void)::close(1); });
    const Job job(mode, {}, setup);
    CHECK(mode_of(directory.path("nohup.out")) == 0600);
    CHECK(job.descriptor(2) == canonical(directory.path("nohup.out")));
  }
}

TEST_CASE("nohup says what it does in one line unless it is to be quiet") {
  for (const Words& mode : {Words{}, Words{"-d"}}) {
    CAPTURE(joined(mode));
    TemporaryDirectory directory;
    const Words command = Words{"--nohup"} + probe("exit", {"0"});
    PseudoTerminal terminal;
    CHECK(run(mode + command, in(directory.path(), terminal.on({0, 1, 2}))).exit_code == 0);
    const std::string said = terminal.expect_hangup();
    CHECK(std::count(said.begin(), said.end(), '\n') == 1);
    PseudoTerminal other;
    const Words quiet = mode + Words{"-q"} + command;
    CHECK(run(quiet, in(directory.path(), other.on({0, 1, 2}))).exit_code == 0);
    CHECK(other.expect_hangup().empty());
    end_all_children();
  }
}

TEST_CASE("where nohup cannot say what it does COMMAND does not run") {
  TemporaryDirectory directory;
  PseudoTerminal terminal;
  const Setup setup = after(in(directory.path(), terminal.on({1})),
                            [] { (void)::dup2(::open("/dev/full", O_WRONLY | O_CLOEXEC), 2); });
  const Words command{"--nohup", "--", "/bin/sh", "-c", ": > ran"};
  CHECK(run(command, setup).exit_code == 125);
  CHECK(std::filesystem::is_empty(directory.path()));
  CHECK(run(Words{"-q"} + command, setup).exit_code == 0);
  CHECK(exists(directory.path("ran")));
}

TEST_CASE("a start that fails under nohup leaves no new file and an old one as it was") {
  for (const Words& mode : modes) {
    CAPTURE(joined(mode));
    TemporaryDirectory directory;
    PseudoTerminal terminal;
    const Words command{"--nohup", "/no/such"};
    CHECK(run(mode + command, in(directory.path(), terminal.on({0, 1, 2}))).exit_code == 127);
    CHECK(std::filesystem::is_empty(directory.path()));
    directory.write("nohup.out", "before\n");
    PseudoTerminal other;
    CHECK(run(mode + command, in(directory.path(), other.on({0, 1, 2}))).exit_code == 127);
    // The message goes to who started it, as nohup's does.
    CHECK(read_file(directory.path("nohup.out")) == "before\n");
    other.expect("cannot run '/no/such': No such file");
    CHECK(OrphanCollector().all_are_gone());
  }
}

TEST_CASE("COMMAND under nohup outlives a hangup that tether passes on") {
  Running running(Words{"--nohup", "--reset-signals"} + probe("sleep"));
  running.expect_output("ready");
  running.send(SIGHUP);
  running.send(SIGTERM);
  CHECK(running.wait().exit_code == 128 + SIGTERM);
}
