// The files that COMMAND's standard descriptors are made of.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <filesystem>

#include "detached.hpp"

using namespace tether::test;

namespace {

const std::vector<Words> modes = {{}, {"-d"}, {"-d", "--status-file=/dev/null"}, {"--exec"}};

Words shell(const std::string& script) {
  return {"--", "/bin/sh", "-c", script};
}

Setup in(const TemporaryDirectory& directory, mode_t mask = 022) {
  Setup setup;
  setup.before_exec = [path = directory.path(), mask] {
    (void)!::chdir(path.c_str());
    (void)::umask(mask);
  };
  return setup;
}

// Runs it, in any mode, until COMMAND has ended.
int run_to_end(const Words& arguments, const Setup& setup) {
  const int status = run(arguments, setup).exit_code;
  CHECK(OrphanCollector().all_are_gone());
  return status;
}

}  // namespace

TEST_CASE("output files are made by the umask of the caller and appended to") {
  for (const Words& mode : modes) {
    CAPTURE(joined(mode));
    TemporaryDirectory directory;
    directory.write("err", "before\n", 0600);
    const Words ours{"--stdout=out", "--stderr=err", "--umask=077"};
    const Words words = mode + ours + shell("echo said; echo wrong >&2");
    CHECK(run_to_end(words, in(directory, 027)) == 0);
    CHECK(run_to_end(words, in(directory, 0)) == 0);
    CHECK(read_file(directory.path("out")) == "said\nsaid\n");
    CHECK(read_file(directory.path("err")) == "before\nwrong\nwrong\n");
    CHECK(mode_of(directory.path("out")) == 0640);
    CHECK(mode_of(directory.path("err")) == 0600);
  }
}

TEST_CASE("one file can be both outputs and loses nothing") {
  for (const Words& mode : modes) {
    for (const Words& ours : {Words{"--log=all"}, Words{"--stdout=all", "--stderr=all"}}) {
      CAPTURE(joined(mode));
      CAPTURE(joined(ours));
      TemporaryDirectory directory;
      directory.write("all", "before\n");
      const Words command = shell("echo one; echo two >&2; echo three");
      CHECK(run_to_end(mode + ours + command, in(directory)) == 0);
      CHECK(read_file(directory.path("all")) == "before\none\ntwo\nthree\n");
      CHECK(run_to_end(mode + ours + Words{"--truncate"} + command, in(directory)) == 0);
      CHECK(read_file(directory.path("all")) == "one\ntwo\nthree\n");
    }
  }
}

TEST_CASE("standard input comes from a file that is never emptied") {
  for (const Words& mode : modes) {
    CAPTURE(joined(mode));
    TemporaryDirectory directory;
    directory.write("in", "hello\n");
    directory.write("out", "before\n");
    const Words ours{"--stdin=in", "--stdout=out", "--truncate"};
    CHECK(run_to_end(mode + ours + Words{"cat"}, in(directory)) == 0);
    CHECK(read_file(directory.path("out")) == "hello\n");
    CHECK(read_file(directory.path("in")) == "hello\n");
  }
}

TEST_CASE("files are relative to the directory of tether and not to that of COMMAND") {
  for (const Words& mode : modes) {
    CAPTURE(joined(mode));
    TemporaryDirectory directory;
    std::filesystem::create_directory(directory.path("sub"));
    directory.write("in", "hello\n");
    const Words ours{"--chdir=sub", "--stdin=in", "--log=log"};
    CHECK(run_to_end(mode + ours + shell("cat; pwd"), in(directory)) == 0);
    CHECK(read_file(directory.path("log")) ==
          "hello\n" + std::filesystem::canonical(directory.path("sub")).string() + "\n");
    CHECK(std::filesystem::is_empty(directory.path("sub")));
  }
}

TEST_CASE("a file that cannot be opened is named and nothing is run or made or emptied") {
  struct Case {
    const char* option;
    std::string message;
  };
  const std::string missing = "tether: cannot open 'no/such': No such file or directory\n";
  for (const Words& mode : modes) {
    for (const Case& each :
         {Case{"--stdin=no/such", missing}, Case{"--stdout=no/such", missing},
          Case{"--stderr=no/such", missing}, Case{"--log=no/such", missing},
          Case{"--stdout=dir", "tether: cannot open 'dir': Is a directory\n"},
          Case{"--stderr=loop", "tether: cannot open 'loop': Too many levels of symbolic links\n"},
          Case{"--stderr=old/x", "tether: cannot open 'old/x': Not a directory\n"}}) {
      CAPTURE(joined(mode));
      CAPTURE(each.option);
      TemporaryDirectory directory;
      directory.write("old", "kept\n");
      std::filesystem::create_directory(directory.path("dir"));
      std::filesystem::create_symlink("loop", directory.path("loop"));
      const bool is_output = std::string(each.option).rfind("--stderr", 0) == 0;
      const Words others = is_output ? Words{"--stdout=new", "--truncate"} : Words{};
      const Finished finished =
          run(mode + Words{each.option} + others + shell(": > ran"), in(directory));
      CHECK(finished.exit_code == 125);
      CHECK(finished.err == each.message);
      CHECK_FALSE(exists(directory.path("ran")));
      CHECK_FALSE(exists(directory.path("new")));
      CHECK(read_file(directory.path("old")) == "kept\n");
      CHECK(OrphanCollector().all_are_gone());
    }
  }
}

TEST_CASE("a start that fails for another reason makes and empties nothing") {
  const Words ran = shell(": > ran");
  std::vector<Words> failing = {Words{"--chdir=no/such"} + ran,
                                Words{"--keep-fd=77"} + ran,
                                Words{"--pidfile=no/such"} + ran,
                                Words{"--unheard-of"} + ran,
                                {"/no/such"},
                                {"./script"},
                                {"./text"},
                                {"./dir"}};
  if (!is_root()) failing.push_back(Words{"--autokill"} + ran);
  for (const Words& mode : modes) {
    for (const Words& each : failing) {
      CAPTURE(joined(mode));
      CAPTURE(joined(each));
      TemporaryDirectory directory;
      directory.write("old", "kept\n");
      directory.write("script", "#!/no/such/interpreter\n", 0755);
      directory.write("text", "hello\n");
      std::filesystem::create_directory(directory.path("dir"));
      for (const Words& ours : {Words{"--stdout=new"}, Words{"--stdout=old", "--truncate"}}) {
        const Finished finished = run(mode + ours + each, in(directory));
        CHECK(finished.exit_code >= 125);
        CHECK_FALSE(exists(directory.path("ran")));
        CHECK_FALSE(exists(directory.path("new")));
        CHECK(read_file(directory.path("old")) == "kept\n");
      }
      CHECK(OrphanCollector().all_are_gone());
    }
  }
}

TEST_CASE("an exec that fails although all looked well empties nothing") {
  for (const Words& mode : modes) {
    CAPTURE(joined(mode));
    TemporaryDirectory directory;
    directory.write("old", "kept\n");
    // A directory may be "executed", but is no interpreter.
    directory.write("broken", "#!/\n", 0755);
    const Words ours{"--stdout=old", "--truncate", "./broken"};
    CHECK(run(mode + ours, in(directory)).exit_code == 126);
    CHECK(read_file(directory.path("old")) == "kept\n");
  }
}

TEST_CASE("why a start failed is said to the caller and not to the file for errors") {
  for (const Words& mode : modes) {
    for (const std::string option : {"--stderr=new", "--log=new", "--stderr=old", "--log=old"}) {
      CAPTURE(joined(mode));
      CAPTURE(option);
      TemporaryDirectory directory;
      directory.write("old", "kept\n");
      const Finished finished = run(mode + Words{option} + Words{"/no/such"}, in(directory));
      CHECK(finished.exit_code == 127);
      CHECK(finished.err == "tether: cannot run '/no/such': No such file or directory\n");
      CHECK_FALSE(exists(directory.path("new")));
      CHECK(read_file(directory.path("old")) == "kept\n");
    }
  }
}

TEST_CASE("a start that fails leaves nothing at the end of a dangling link") {
  for (const Words& mode : modes) {
    CAPTURE(joined(mode));
    TemporaryDirectory directory;
    std::filesystem::create_symlink("target", directory.path("link"));
    CHECK(run(mode + Words{"--stdout=link", "/no/such"}, in(directory)).exit_code == 127);
    CHECK(std::filesystem::is_symlink(directory.path("link")));
    CHECK_FALSE(exists(directory.path("target")));
  }
}

KERNEL_TEST_CASE("a start that finds its pidfile taken makes and empties nothing") {
  const Cleanup cleanup;
  TemporaryDirectory directory;
  directory.write("old", "kept\n");
  CHECK(run(Words{"-dq", "--pidfile=pid"} + probe("sleep"), in(directory)).exit_code == 0);
  for (const Words& mode : modes) {
    CAPTURE(joined(mode));
    const Words ours{"--pidfile=pid", "--stdout=new", "--stderr=old", "--truncate"};
    CHECK(run(mode + ours + shell(": > ran"), in(directory)).exit_code == 125);
    CHECK_FALSE(exists(directory.path("ran")));
    CHECK_FALSE(exists(directory.path("new")));
    CHECK(read_file(directory.path("old")) == "kept\n");
  }
}

TEST_CASE("a dangling link is made to lead somewhere") {
  for (const Words& mode : modes) {
    CAPTURE(joined(mode));
    TemporaryDirectory directory;
    std::filesystem::create_symlink("target", directory.path("link"));
    CHECK(run_to_end(mode + Words{"--stdout=link"} + shell("echo said"), in(directory)) == 0);
    CHECK(std::filesystem::is_symlink(directory.path("link")));
    CHECK(read_file(directory.path("target")) == "said\n");
  }
}

TEST_CASE("a device is written to and what it makes of that is for COMMAND to see") {
  for (const Words& mode : {Words{}, Words{"--exec"}}) {
    CAPTURE(joined(mode));
    TemporaryDirectory directory;
    const Words more{"--truncate"};
    const Words command = shell("echo said || exit 7");
    for (const Words& emptied : {Words{}, more}) {
      CHECK(run_to_end(mode + emptied + Words{"--stdout=/dev/full"} + command, in(directory)) == 7);
      CHECK(run_to_end(mode + emptied + Words{"--log=/dev/null"} + command, in(directory)) == 0);
    }
  }
}

TEST_CASE("a FIFO waits for its other end and carries what is said until COMMAND closes it") {
  for (const Words& mode : modes) {
    CAPTURE(joined(mode));
    TemporaryDirectory directory;
    for (const char* name : {"in", "out"})
      REQUIRE(::mkfifo(directory.path(name).c_str(), 0600) == 0);
    const Words command =
        shell("read word; echo $word; exec " + tool("probe") + " sleep >/dev/null 2>&1 </dev/null");
    const Cleanup cleanup;
    Running running(mode + Words{"--stdin=in", "--stdout=out", "--stderr=/dev/null"} + command,
                    in(directory));
    tether::UniqueFd input(::open(directory.path("in").c_str(), O_WRONLY | O_CLOEXEC));
    tether::UniqueFd output(
        ::open(directory.path("out").c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    REQUIRE(::write(input.get(), "hello\n", 6) == 6);
    std::string said;
    CHECK(eventually([&] {
      std::array<char, 64> buffer;
      const ssize_t got = ::read(output.get(), buffer.data(), buffer.size());
      if (got > 0) said.append(buffer.data(), static_cast<std::size_t>(got));
      // Before anybody has opened it there is an end of file as well.
      return got == 0 && !said.empty();
    }));
    CHECK(said == "hello\n");
  }
}

TEST_CASE("COMMAND has none of the descriptors that its files were opened by") {
  for (const Words& mode : modes) {
    for (const bool starts_with_none : {false, true}) {
      CAPTURE(joined(mode));
      CAPTURE(starts_with_none);
      TemporaryDirectory directory;
      Setup setup = in(directory);
      setup.before_exec = [starts_with_none, inner = setup.before_exec] {
        inner();
        for (int fd = 0; starts_with_none && fd < 3; ++fd) (void)::close(fd);
      };
      const Words files{"--stdin=/dev/null", "--stdout=out", "--stderr=err", "--chdir=/"};
      CHECK(run_to_end(mode + files + probe("fds"), setup) == 0);
      CHECK(read_file(directory.path("out")) == "0 1 2 \n");
      const Words one{"--stdin=/dev/null", "--log=log", "--truncate"};
      CHECK(run_to_end(mode + one + probe("fds"), setup) == 0);
      CHECK(read_file(directory.path("log")) == "0 1 2 \n");
    }
  }
}

TEST_CASE("options that say different things of one output are refused") {
  TemporaryDirectory directory;
  for (const Words& ours :
       {Words{"--log=a", "--stdout=b"}, Words{"--log=a", "--stderr=b"}, Words{"--truncate"},
        Words{"--keep-fd=1", "--stdout=a"}, Words{"--keep-fd=2", "--log=a"},
        Words{"--keep-fd=0", "--stdin=a"}, Words{"--stdout="}, Words{"--truncate", "--stdin=a"}}) {
    CAPTURE(joined(ours));
    CHECK(run(ours + shell(": > ran"), in(directory)).exit_code == 125);
    CHECK(std::filesystem::is_empty(directory.path()));
  }
}
