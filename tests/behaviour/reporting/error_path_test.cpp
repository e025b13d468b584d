// Each way in which a start can fail, as the user is told of it: the exit status, the first line,
// and a hint where there is something to be done about it. Those of cgroups and of PID namespaces
// are in cgroup_refusal_test and namespace_refusal_test; those that a fault of the kernel's is
// needed for in the unit tests of the messages.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <filesystem>

#include "detached.hpp"
#include "harness.hpp"

using namespace tether::test;

namespace {

const std::string help = "try 'tether --help'";
const std::string opened = "open the descriptor in the shell, by N<FILE or N>FILE";
const std::string not_executable =
    "the file or a directory above it is not executable (chmod +x, noexec)";

struct ErrorPath {
  Words words;
  int status;
  std::string first_line;  // behind "tether: "
  std::string hint;        // behind "tether: hint: "; empty: there is none
};

// In a directory of its own, with some files that the cases are about.
void check(const ErrorPath& path, Setup setup = {}) {
  CAPTURE(path.words);
  TemporaryDirectory directory;
  REQUIRE(::chmod(directory.path().c_str(), 0755) == 0);
  directory.write("plain", "hello\n");
  directory.write("script", "#!/no/such/interpreter\n", 0755);
  directory.write("unusable", "#!./plain\n", 0755);
  std::filesystem::create_directory(directory.path("dir"));
  std::filesystem::create_symlink("loop", directory.path("loop"));
  setup.before_exec = [&directory, inner = setup.before_exec] {
    if (::chdir(directory.path().c_str()) != 0) ::_exit(125);
    if (inner) inner();
  };
  const Finished finished = run(path.words, setup);
  CHECK(finished.exit_code == path.status);
  CHECK(finished.err == "tether: " + path.first_line + "\n" +
                            (path.hint.empty() ? "" : "tether: hint: " + path.hint + "\n"));
  CHECK(finished.out.empty());
}

void check_all(const std::vector<ErrorPath>& paths, const Setup& setup = {}) {
  for (const ErrorPath& path : paths) check(path, setup);
}

ErrorPath misuse(Words words, const std::string& first_line, const std::string& guess = {}) {
  const std::string hint = guess.empty() ? help : "did you mean '--" + guess + "'? " + help;
  return {std::move(words), 125, first_line, hint};
}

std::string contradiction(const std::string& one, const std::string& other,
                          const std::string& reason) {
  return "--" + one + " and --" + other + " contradict each other: " + reason;
}

}  // namespace

TEST_CASE("a word that is no option of tether's is told the nearest") {
  check_all({
      misuse({}, "no COMMAND given"),
      misuse({"--"}, "no COMMAND given"),
      misuse({"-q", "--nnp"}, "no COMMAND given"),
      misuse({"--log=true"}, "no COMMAND given"),
      {{"-q", "--log", "true"},
       125,
       "no COMMAND given",
       "'true' is the value of --log; try 'tether --help'"},
      misuse({"--autokil", "true"}, "unknown option '--autokil'", "autokill"),
      misuse({"--statusfile=x", "true"}, "unknown option '--statusfile'", "status-file"),
      misuse({"--pid-fil", "x", "true"}, "unknown option '--pid-fil'", "pidfile"),
      // An abbreviation, and a long name behind one dash.
      misuse({"--time=5", "true"}, "unknown option '--time'", "timeout"),
      misuse({"--au", "true"}, "unknown option '--au'", "autoreap"),
      misuse({"-nnp", "true"}, "unknown option '-nnp'", "nnp"),
      misuse({"-timeout", "5", "true"},
             "option '--timeout' wants a duration such as 1.5, 200ms, 30s, 5m, 2h, 1d or inf, not "
             "'imeout'",
             "timeout"),
      misuse({"-stop", "true"}, "option '--signal' wants a signal's name or number, not 'top'",
             "stop"),
      misuse({"-timeout=5", "true"},
             "option '--timeout' wants a duration such as 1.5, 200ms, 30s, 5m, 2h, 1d or inf, not "
             "'imeout=5'",
             "timeout"),
      // As it is called elsewhere, or in capitals.
      misuse({"--daemonize", "true"}, "unknown option '--daemonize'", "detach"),
      misuse({"--pdeathsig=KILL", "true"}, "unknown option '--pdeathsig'", "die-with-parent"),
      misuse({"--TREE", "true"}, "unknown option '--TREE'", "tree"),
      misuse({"-qx", "true"}, "unknown option '-x' in '-qx'"),
      misuse({"--nothing-like-it", "true"}, "unknown option '--nothing-like-it'"),
      misuse({"--nosuch=5", "true"}, "unknown option '--nosuch'", "nohup"),
      misuse({"-Z", "true"}, "unknown option '-Z'"),
      misuse({"-vZ", "true"}, "unknown option '-Z' in '-vZ'"),
  });
}

TEST_CASE("a value that is missing or too much or none of its kind is told what is wanted") {
  const std::string duration = " wants a duration such as 1.5, 200ms, 30s, 5m, 2h, 1d or inf, not ";
  check_all({
      misuse({"--nnp=yes", "true"}, "option '--nnp' takes no value"),
      misuse({"--nnp=", "true"}, "option '--nnp' takes no value"),
      misuse({"--umask"}, "option '--umask' needs a value: MODE"),
      misuse({"-C"}, "option '-C' needs a value: DIR"),
      misuse({"-t"}, "option '-t' needs a value: DURATION"),
      misuse({"--notify"}, "option '--notify' needs a value: fd:N|socket"),
      misuse({"-t", "soon", "true"}, "option '--timeout'" + duration + "'soon'"),
      misuse({"-k5x", "true"}, "option '--kill-after'" + duration + "'5x'"),
      misuse({"--ready-timeout=-1", "true"}, "option '--ready-timeout'" + duration + "'-1'"),
      misuse({"--kill-after=", "true"}, "option '--kill-after'" + duration + "''"),
      misuse({"--ready-timeout=1w", "true"}, "option '--ready-timeout'" + duration + "'1w'"),
      misuse({"--signal=NONE", "true"},
             "option '--signal' wants a signal's name or number, not 'NONE'"),
      misuse({"--stop", "--pidfile=none", "-s", "0"},
             "option '--signal' wants a signal to end COMMAND with ('kill -0 PID' tests a "
             "process), not '0'"),
      misuse({"--signal=65", "true"},
             "option '--signal' wants a signal's name or number, not '65'"),
      misuse({"--rewrite=TERM", "true"},
             "option '--rewrite' wants FROM:TO, two signals (TO 0: none), not 'TERM'"),
      misuse({"--rewrite=KILL:TERM", "true"},
             "option '--rewrite' wants a FROM that can be caught, not 'KILL:TERM'"),
      misuse({"--die-with-pid=me", "true"},
             "option '--die-with-pid' wants PID or PID:INODE, not 'me'"),
      misuse({"--die-on-eof=x", "true"},
             "option '--die-on-eof' wants a descriptor's number, not 'x'"),
      misuse({"--success-status=256", "true"},
             "option '--success-status' wants an exit status from 0 to 255, not '256'"),
      misuse({"--cgroup=", "true"}, "option '--cgroup' wants a directory of cgroup v2, not ''"),
      misuse({"--log=", "true"}, "option '--log' wants a file, not ''"),
      misuse({"--chdir=", "true"}, "option '--chdir' wants a directory, not ''"),
      misuse({"--umask=8", "true"}, "option '--umask' wants an octal mode from 0 to 777, not '8'"),
      misuse({"--umask=", "true"}, "option '--umask' wants an octal mode from 0 to 777, not ''"),
      misuse({"--umask=-1", "true"},
             "option '--umask' wants an octal mode from 0 to 777, not '-1'"),
      misuse({"--env=A", "true"}, "option '--env' wants NAME=VALUE, not 'A'"),
      misuse({"--env==X", "true"}, "option '--env' wants NAME=VALUE, not '=X'"),
      misuse({"--unset-env=A=1", "true"},
             "option '--unset-env' wants a variable's name, not 'A=1'"),
      misuse({"--keep-fd=-1", "true"}, "option '--keep-fd' wants a descriptor's number, not '-1'"),
      misuse({"--keep-fd", "x", "true"}, "option '--keep-fd' wants a descriptor's number, not 'x'"),
      misuse({"--keep-fd=99999999999", "true"},
             "option '--keep-fd' wants a descriptor's number, not '99999999999'"),
      misuse({"--status-fd=2147483648", "true"},
             "option '--status-fd' wants a descriptor's number, not '2147483648'"),
      misuse({"--status-file=", "true"}, "option '--status-file' wants a file, not ''"),
      misuse({"--block-fd=-1", "true"},
             "option '--block-fd' wants a descriptor's number, not '-1'"),
      misuse({"--notify=fd", "true"}, "option '--notify' wants fd:N or socket, not 'fd'"),
      misuse({"--block-fd=x", "true"}, "option '--block-fd' wants a descriptor's number, not 'x'"),
      misuse({"--status-fd=x", "true"},
             "option '--status-fd' wants a descriptor's number, not 'x'"),
  });
}

TEST_CASE("options that cannot stand together are told which and why") {
  const std::string no_process = "no process stays to end COMMAND";
  check_all({
      misuse({"-dw", "true"}, contradiction("detach", "wait", "one exits, the other waits")),
      misuse({"-d", "--exec", "true"},
             contradiction("detach", "exec", "one makes a child, the other becomes COMMAND")),
      misuse({"-dc", "true"},
             contradiction("detach", "ctty", "a detached child has no controlling terminal")),
      misuse({"--exec", "-t5", "true"}, contradiction("exec", "timeout", no_process)),
      misuse({"--exec", "--tree", "true"}, contradiction("exec", "tree", no_process)),
      misuse({"--exec", "--die-with-pid=1", "true"},
             contradiction("exec", "die-with-pid", no_process)),
      misuse({"--exec", "--autokill", "true"},
             contradiction("exec", "autokill", "there is no child")),
      misuse({"--exec", "--autoreap", "true"},
             contradiction("exec", "autoreap", "there is no child")),
      misuse({"--exec", "--wait", "true"},
             contradiction("exec", "wait", "one becomes COMMAND, the other waits")),
      misuse({"--exec", "--json", "true"},
             contradiction("exec", "json", "no process stays to do it")),
      misuse({"--exec", "--status-fd=2", "true"},
             contradiction("exec", "status-fd", "no process stays to do it")),
      misuse({"--exec", "--status-file=x", "true"},
             contradiction("exec", "status-file", "no process stays to do it")),
      misuse({"--exec", "--success-status=1", "true"},
             contradiction("exec", "success-status", "no process stays to do it")),
      misuse({"--keep-fd=5", "--status-fd=5", "true"},
             contradiction("keep-fd=5", "status-fd=5", "COMMAND cannot have both")),
      misuse({"--log=a", "--stdout=b", "true"},
             contradiction("log", "stdout", "both say where the output goes")),
      misuse({"-vq", "true"}, contradiction("verbose", "quiet", "one says more, the other less")),
      misuse({"--features", "--dry-run", "true"},
             contradiction("features", "dry-run",
                           "one asks about the kernel, the other about COMMAND")),
      misuse({"--keep-fd=5", "--notify=fd:5", "true"},
             contradiction("keep-fd=5", "notify=fd:5", "COMMAND cannot have both")),
      misuse({"--notify=fd:1", "--stdout=a", "true"},
             "--notify=fd:1 and --stdout contradict each other"),
      misuse({"--pidfile=a", "--log=a", "true"}, contradiction("pidfile", "log", "both are 'a'")),
      misuse({"--die-on-eof=1", "true"}, "--die-on-eof=1: COMMAND writes to that descriptor"),
      misuse({"-d", "--rewrite=TERM:INT", "true"},
             contradiction("detach", "rewrite",
                           "without a tie or a status record no keeper stays to pass signals on")),
      misuse({"--ready-timeout=5", "true"}, "--ready-timeout needs --notify"),
      misuse({"--preserve-status", "true"}, "--preserve-status needs --timeout"),
      misuse({"--truncate", "true"}, "--truncate needs --stdout or --stderr or --log"),
      misuse({"--stop"}, "--stop needs --pidfile"),
      misuse({"--stop", "--pidfile=a", "true"}, "--stop takes no COMMAND"),
      misuse({"--stop", "--pidfile=a", "-d"},
             contradiction("stop", "detach", "nothing is started")),
      misuse({"--features", "true"}, "--features takes no COMMAND"),
  });
}

TEST_CASE("a COMMAND that is not there is 127 and one that cannot be executed 126") {
  for (const Words& mode : {Words{}, Words{"--exec"}, Words{"-d"}, Words{"-t", "30"}}) {
    check_all({
        {mode + Words{"no-such"}, 127, "cannot run 'no-such': No such file or directory", ""},
        {mode + Words{"./no/such"}, 127, "cannot run './no/such': No such file or directory", ""},
        {mode + Words{"./plain"}, 126, "cannot run './plain': Permission denied", not_executable},
        {mode + Words{"./dir"}, 126, "cannot run './dir': Permission denied", "it is a directory"},
        {mode + Words{"./unusable"}, 126,
         "cannot run './unusable': interpreter './plain': Permission denied", not_executable},
        {mode + Words{"./plain/x"}, 126, "cannot run './plain/x': Not a directory", ""},
        {mode + Words{"./loop"}, 126, "cannot run './loop': Too many levels of symbolic links", ""},
        {mode + Words{"./script"}, 126,
         "cannot run './script': interpreter '/no/such/interpreter': No such file or directory",
         ""},
    });
  }
}

TEST_CASE("a file or a directory or a descriptor that is not there is named") {
  check_all({
      {{"-C", "no/such", "true"},
       125,
       "cannot change directory to 'no/such': No such file or directory",
       ""},
      {{"-C", "plain", "true"}, 125, "cannot change directory to 'plain': Not a directory", ""},
      {{"--stdin=no/such", "true"}, 125, "cannot open 'no/such': No such file or directory", ""},
      {{"--stdout=no/such", "true"}, 125, "cannot open 'no/such': No such file or directory", ""},
      {{"--stdout=dir", "true"}, 125, "cannot open 'dir': Is a directory", ""},
      {{"--log=loop", "true"}, 125, "cannot open 'loop': Too many levels of symbolic links", ""},
      {{"--status-file=no/such", "true"},
       125,
       "cannot write 'no/such': No such file or directory",
       ""},
      {{"--pidfile=no/such", "true"},
       125,
       "cannot use pidfile 'no/such': No such file or directory",
       "the directory must exist"},
      {{"--pidfile=plain", "true"},
       125,
       "cannot use pidfile 'plain': the file does not hold a process ID",
       "tether replaces and removes a pidfile: name another file"},
      {{"--keep-fd=77", "true"}, 125, "--keep-fd=77: Bad file descriptor", opened},
      {{"--status-fd=77", "true"}, 125, "--status-fd=77: Bad file descriptor", opened},
      {{"--block-fd=77", "true"}, 125, "--block-fd=77: Bad file descriptor", opened},
      {{"--die-on-eof=77", "true"}, 125, "--die-on-eof=77: Bad file descriptor", opened},
      {{"-c", "true"},
       125,
       "cannot make standard input the controlling terminal: Inappropriate ioctl for device",
       "standard input must be a terminal"},
      {{"--cgroup=dir", "true"},
       125,
       "cannot use cgroup 'dir': not a directory of cgroup v2",
       "/proc/mounts shows where that is mounted, as type cgroup2"},
      {{"--cgroup=no/such", "true"},
       125,
       "cannot use cgroup 'no': No such file or directory",
       "only the last directory of a path is made"},
  });
}

TEST_CASE("a dry run finds what a start would, of what can be found without making anything") {
  for (const char* option : {"--status-fd=77", "--block-fd=77", "--die-on-eof=77", "--pidfd-fd=77",
                             "--die-with-pid=2147483647", "--keep-fd=77", "--cgroup=no/such"}) {
    const Finished real = run({option, "true"});
    const Finished dry = run({"--dry-run", option, "true"});
    CHECK(real.exit_code == 125);
    CHECK(dry.exit_code == 125);
    CHECK(dry.err == real.err);
  }
}

TEST_CASE("a name in no directory that may be searched is told so") {
  SKIP_UNLESS(is_root(), "needs root");
  TemporaryDirectory directory;
  REQUIRE(::chmod(directory.path().c_str(), 0700) == 0);
  Setup setup = as_user(4711);
  setup.environment = {"PATH=" + directory.path()};
  check({{"no-such"},
         126,
         "cannot run 'no-such': Permission denied",
         "a directory in PATH may not be searched"},
        setup);
}

TEST_CASE("a descriptor at which nobody can hang up is no tie") {
  for (const char* file : {"/dev/null", "/dev/zero", "plain", "dir"}) {
    CAPTURE(file);
    Setup setup;
    setup.before_exec = [file] { (void)::dup2(::open(file, O_RDONLY), 0); };
    check({{"--die-on-eof=0", "true"},
           125,
           "--die-on-eof=0: not a pipe, a socket or a terminal",
           "use the reading end of a pipe that another process holds open"},
          setup);
  }
}

TEST_CASE("a process that is gone or not ours is named") {
  check_all({
      {{"--die-with-pid=2147483647", "true"},
       125,
       "--die-with-pid=2147483647: No such process",
       ""},
      {{"--stop", "--pidfile=none"}, 1, "nothing is running for pidfile 'none'", ""},
  });
  const std::string me = std::to_string(::getpid());
  if (kernel_is_at_least(6, 9))
    check({{"--die-with-pid=" + me + ":1", "true"},
           125,
           "--die-with-pid=" + me + ": another process has this PID now",
           "the process with that inode has ended"});
  else
    check({{"--die-with-pid=" + me + ":1", "true"},
           125,
           "--die-with-pid=" + me + ": this kernel has no inodes of processes",
           "Linux 6.9 and later have them"});
}

TEST_CASE("a second start and one too many are told what to do") {
  const Cleanup cleanup;
  TemporaryDirectory directory;
  const std::string pidfile = directory.path("pid");
  const Finished first = run(Words{"-dq", "--pidfile=" + pidfile} + probe("sleep"));
  REQUIRE(first.exit_code == 0);
  std::string pid = read_file(pidfile);
  pid.pop_back();
  check({{"--pidfile=" + pidfile, "true"},
         125,
         "already running as process " + pid + ": '" + pidfile + "'",
         "tether --stop with the same --pidfile ends that process"});
  SKIP_UNLESS(is_root(), "needs root");
  Setup crowded = as_user(4711);  // whose processes are counted against the limit
  crowded.before_exec = [] {
    const rlimit none{1, 1};
    (void)::setrlimit(RLIMIT_NPROC, &none);
  };
  check({{"true"},
         125,
         "cannot make a process: Resource temporarily unavailable",
         "a limit on processes is reached: ulimit -u, or pids.max of a cgroup"},
        crowded);
}

KERNEL_TEST_CASE("a guarantee that is not to be had is told from which kernel on it is") {
  const Setup user = is_root() ? as_user(1000) : Setup{};
  check({{"--autokill", "true"},
         125,
         "--autokill needs --nnp, or CAP_SYS_ADMIN in the user namespace",
         "add --nnp; sudo, su and other set-user-ID programs then gain nothing in COMMAND"},
        user);
  check({{"--strict", "--tree", "true"},
         125,
         "--strict: --tree alone is not enforced by the kernel",
         "--pid-namespace and --cgroup are enforced, where they are permitted"});
  const Finished strict = run({"--strict", "--autoreap", "true"}, filtered("clone3=ENOSYS"));
  CHECK(strict.exit_code == 125);
  CHECK(strict.first_error_line().rfind(
            "tether: --strict: autoreap is enforced by the kernel from Linux 7.1 on, this is ",
            0) == 0);
  CHECK(strict.err.find("hint: clone3 answers ENOSYS here: a sandbox filters it\n") !=
        std::string::npos);
  SKIP_UNLESS(!kernel_has_flags() && !sandbox_filters_clone3(),
              "this kernel has the flags, or a filter hides them");
  const Finished old = run({"--strict", "--autoreap", "true"});
  CHECK(old.exit_code == 125);
  CHECK(old.err.find("hint: without --strict tether emulates this, and the record says how\n") !=
        std::string::npos);
}

TEST_CASE("a time that is up and a COMMAND that is not ready have their statuses") {
  check_all({
      {{"--notify=fd:3", "--ready-timeout=50ms", "sleep", "30"},
       124,
       "'sleep' was not ready in time, and was ended",
       ""},
      {Words{"-dq", "--notify=socket"} + probe("exit", {"3"}), 3,
       "'" + tool("probe") + "' exited with status 3 before it was ready", ""},
      {Words{"-dq", "--notify=socket"} + probe("exit", {"0"}), 125,
       "'" + tool("probe") + "' exited with status 0 before it was ready", ""},
  });
}

TEST_CASE("success is quiet and -v says by what means") {
  const Finished quiet = run(Words{"--autokill", "--nnp", "-t", "30"} + probe("exit", {"0"}));
  CHECK(quiet.exit_code == 0);
  CHECK(quiet.out.empty());
  CHECK(quiet.err.empty());
  const Finished verbose =
      run(Words{"-v", "--autokill", "--nnp", "-t", "30"} + probe("exit", {"0"}));
  for (const char* said : {"tether: started '", "tether: autoreap: ", "tether: autokill: ",
                           "tether: nnp: ", " exited with status 0 after "}) {
    CAPTURE(said);
    CHECK(verbose.err.find(said) != std::string::npos);
  }
  CHECK(run(Words{"-v", "-t", "30"} + probe("exit", {"0"})).err.find("tether: ties: ") !=
        std::string::npos);
}

TEST_CASE("-v says why COMMAND was ended, and what else was") {
  const auto last_words = [](const Words& words, const Setup& setup = {}) {
    const Finished finished = run(Words{"-v"} + words, setup);
    const std::size_t quoted = finished.err.rfind("tether: '");
    REQUIRE(quoted != std::string::npos);
    return finished.err.substr(finished.err.find(" s: ", quoted) + 4);
  };
  CHECK(last_words({"-t", "50ms", "sleep", "30"}) == "the time limit expired\n");
  CHECK(last_words(Words{"-t", "50ms", "-k", "50ms"} + probe("catch")) ==
        "the time limit expired, and SIGKILL was needed\n");
  Setup at_end;
  at_end.before_exec = [] {
    std::array<int, 2> ends{};
    if (::pipe(ends.data()) != 0 || ::dup2(ends[0], 0) != 0) ::_exit(125);
    (void)::close(ends[1]);
  };
  CHECK(last_words({"--die-on-eof=0", "sleep", "30"}, at_end) ==
        "--die-on-eof was at end of file\n");
  const Finished left =
      run({"-v", "--tree", "--", "/bin/sh", "-c", "setsid sleep 100 >/dev/null 2>&1 & exit 0"});
  CHECK(left.err.find("tether: 1 descendant was ended\n") != std::string::npos);
  CHECK(run({"-v", "--exec", "--nnp", "true"}).err.find("tether: becoming 'true' as process ") ==
        0);
  Setup ready;
  const Finished told = run({"-v", "--notify=fd:3", "--", "/bin/sh", "-c", "echo >&3"}, ready);
  CHECK(told.err.find("tether: '/bin/sh' was ready after ") != std::string::npos);
  const Finished late = run({"--notify=fd:3", "-t", "50ms", "sleep", "30"});
  CHECK(late.err == "tether: 'sleep' was ended before it was ready: the time limit expired\n");
}
